"""Every setting against every other, in pairs of prompt and seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .crossed import crossed_means
from .precision import more_needed

if TYPE_CHECKING:
    from .crossed import CrossedMeans
    from .margins import Floats
    from .precision import More

# stricter than 95%, because the setting with the best mean was probably lucky
LOW_LEVEL = 0.98
ROUNDS = 50  # of fitting settings and pictures in turn, far more than it takes


@dataclass(frozen=True)
class Deficit:
    """How far a setting is behind the best.

    behind: behind the setting with the best mean, in pairs; NaN without pairs. low: the lower bound
    of that. high: the upper bound of how far it is behind any setting, infinite if it has no pairs
    with one that may be the best. pairs: with the setting that decides about `high`. more: how many prompts or seeds
    would show whether it is within the margin; None if that is known.
    """

    behind: float
    low: float
    high: float
    pairs: int
    more: More | None


def adjusted_means(values: Floats) -> Floats:
    """Each setting's mean as if it had been tried with every prompt and seed.

    values: (settings, prompts, seeds), NaN for missing ones.
    """
    of_setting, of_picture = _parts(values)
    adjusted: Floats = of_setting + np.nanmean(of_picture)
    return adjusted


def completed(values: Floats) -> Floats:
    """The values with missing ones filled in by what their setting and picture expect.

    A prompt and seed without any picture stays NaN.
    """
    of_setting, of_picture = _parts(values)
    return np.where(np.isnan(values), of_setting[:, None, None] + of_picture, values)


def _parts(values: Floats) -> tuple[Floats, Floats]:
    """A part for each setting and one for each prompt and seed that add up to the values.

    It is the least-squares fit, which without missing values are the means.
    """
    flat = values.reshape(len(values), -1)
    used = ~np.isnan(flat).all(axis=0)
    of_setting = np.nanmean(flat, axis=1)
    of_picture = np.full(flat.shape[1], np.nan)
    # without missing values the first round is exact
    rounds = ROUNDS if np.isnan(flat[:, used]).any() else 1
    for _ in range(rounds):
        of_picture[used] = np.nanmean(flat[:, used] - of_setting[:, None], axis=0)
        of_setting = np.nanmean(flat[:, used] - of_picture[used], axis=1)
    return of_setting, of_picture.reshape(values.shape[1:])


def deficits(
    values: Floats, best: int, margin: float, *, prompts_vary: bool, jump: float
) -> list[Deficit]:
    """How far each setting is behind the best.

    A setting is compared with every other one, not only with the one that happens to have the best
    mean: the upper bound is the largest of all, so that choosing the best needs no further
    correction (an intersection-union test; the upper half of Hsu's (1984) multiple comparisons with
    the best). best: the setting with the best mean.
    """
    may_be_best = _may_be_best(values, best, prompts_vary=prompts_vary, jump=jump)
    results = []
    for setting in range(len(values)):
        ahead = crossed_means(values - values[setting], prompts_vary=prompts_vary, jump=jump)
        results.append(_deficit(ahead, setting, best, margin, may_be_best))
    return results


def _may_be_best(values: Floats, best: int, *, prompts_vary: bool, jump: float) -> np.ndarray:
    """Whether a setting is not known to be worse than the one with the best mean."""
    behind = crossed_means(values[best] - values, prompts_vary=prompts_vary, jump=jump)
    is_worse = behind.low() > 0
    return ~is_worse


def _deficit(
    ahead: CrossedMeans, setting: int, best: int, margin: float, may_be_best: np.ndarray
) -> Deficit:
    """The deficit of one setting. ahead: how far each setting is ahead of it."""
    upper = ahead.high()
    # a setting that is known to be worse than the best need not have pairs with this one
    upper[~may_be_best & np.isinf(upper)] = -np.inf
    upper[setting] = 0.0
    rival = int(np.argmax(upper))
    high = max(0.0, float(upper[rival]))
    is_best = setting == best
    behind = 0.0 if is_best else float(np.maximum(ahead.mean[best], 0.0))
    low = 0.0 if is_best else max(0.0, float(ahead.low(LOW_LEVEL)[best]))
    # the best of all has no rival that decides, so its own pictures count
    pairs = int(ahead.margins.pairs[rival])
    more = None
    if low <= margin < high:
        more = _more(ahead, rival, margin)
    return Deficit(behind, low, high, pairs, more)


def _more(ahead: CrossedMeans, rival: int, margin: float) -> More | None:
    """What would show whether the rival is ahead by more than the margin."""
    distance = abs(margin - float(ahead.mean[rival]))
    if np.isnan(distance):
        return None
    lean = abs(float(ahead.lean[rival]))
    reach = (float(ahead.high()[rival] - ahead.low()[rival]) - lean) / 2
    # the upper bound may be farther from the mean than the lower one, by skewness or by ties
    outwards = float(ahead.high()[rival] - ahead.mean[rival])
    part = reach / outwards if 0 < outwards < np.inf else 1.0
    margins = ahead.margins
    prompts, seeds = int(margins.prompts[rival]), int(margins.seeds[rival])
    return more_needed(ahead.spread.at(rival), prompts, seeds, distance * part)
