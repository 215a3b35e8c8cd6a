"""What acceleration saves and changes, in words: heads of columns, and sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..spec.drift_requests import BY_NETWORK, BY_PIXELS, LABEL
from .picture_distances import PIXELS
from .quality import is_higher_better
from .statistics_text import percent

if TYPE_CHECKING:
    import pandas as pd

    from .drift import Drift, Drifted

_TITLES = {
    PIXELS: f"{PIXELS} (0 = equal, at most 1)",
    f"{BY_PIXELS}.{LABEL}": "SSIM (1 = equal)",
    f"{BY_NETWORK}.{LABEL}": "perceptual distance (0 = equal)",
}


def is_similarity(table: pd.DataFrame, name: str) -> bool:
    """Whether a distance is higher the more alike pictures are."""
    return name != PIXELS and is_higher_better(table, name)


def distance_title(table: pd.DataFrame, name: str) -> str:
    """The head of the column of a distance, which says what equal pictures have."""
    direction = "higher = more alike" if is_similarity(table, name) else "lower = more alike"
    return _TITLES.get(name, f"{name} ({direction})")


def difference_title(table: pd.DataFrame, name: str) -> str:
    """The head of the column of a score's difference, which says which sign is good."""
    direction = "above" if is_higher_better(table, name) else "below"
    return f"{name}, minus the plain ({direction} 0 = better)"


def saved(found: Drift, drifted: Drifted) -> str:
    """What a setting takes beside the plain one: `72% less time`; by rows if seconds are not known.

    Empty if neither is known.
    """
    share, noun = _share(drifted.seconds, found.seconds), "time"
    if math.isnan(share):
        share, noun = _share(drifted.rows, found.rows), "rows"
    if math.isnan(share):
        return ""
    less, more = ("less", "more") if noun == "time" else ("fewer", "more")
    return f"{percent(abs(1 - share))} {less if share <= 1 else more} {noun}"


def sentences(table: pd.DataFrame, found: Drift) -> list[str]:
    """The fastest setting, and the one that is nearest to the plain pictures, each in a sentence."""
    faster = [each for each in found.settings if _cost(found, each) < 1]
    if not faster:
        return ["No setting takes less than the plain one."]
    fastest = min(faster, key=lambda each: _cost(found, each))
    told = [f"The fastest, {_sentence(table, found, fastest)}"]
    measured = [each for each in faster if PIXELS in each.distances]
    nearest = min(measured, key=lambda each: each.distances[PIXELS].mean, default=fastest)
    if nearest is not fastest:
        told.append(f"The nearest to the plain pictures, {_sentence(table, found, nearest)}")
    return told


def _sentence(table: pd.DataFrame, found: Drift, drifted: Drifted) -> str:
    """`accelerate deep_cache 5, takes 72% less time; its pictures are 0.021 ... from the plain ones`."""
    parts = [f"takes {saved(found, drifted)}"]
    if PIXELS in drifted.distances:
        distance = drifted.distances[PIXELS].as_distance()
        parts.append(f"its pictures are {distance} from the plain ones (RMS of pixels, at most 1)")
    for name, difference in drifted.differences.items():
        verdict = "no change is shown, nor that there is none"
        if difference.low > 0 or difference.high < 0:
            is_better = (difference.low > 0) == is_higher_better(table, name)
            verdict = "which is better" if is_better else "which is worse"
        parts.append(f"{name} changes by {difference.as_difference()}: {verdict}")
    return f"{drifted.setting}, {'; '.join(parts)}."


def _cost(found: Drift, drifted: Drifted) -> float:
    """The share of the plain setting's seconds, or of its rows; infinite if neither is known."""
    seconds = _share(drifted.seconds, found.seconds)
    share = _share(drifted.rows, found.rows) if math.isnan(seconds) else seconds
    return math.inf if math.isnan(share) else share


def _share(cost: float, plain: float) -> float:
    """A cost as a share of the plain one; NaN if one of them is not known."""
    return cost / plain if plain > 0 else math.nan
