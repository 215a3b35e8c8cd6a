"""What moves a metric: axes and pairs of axes, beside prompts and seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput
from .crossed import crossed_means
from .reversals import reversal
from .rivals import completed
from .setting_grid import SettingGrid, setting_grid
from .statistics_text import percent
from .terms import Term, terms_of

if TYPE_CHECKING:
    import pandas as pd

    from .margins import Floats

ALPHA = 0.05
# of the settings that a prompt and seed was tried with; the others are filled in
PRESENT = 0.8


@dataclass(frozen=True)
class Effect:
    """What an axis, or a pair of axes beyond each of them alone, does to the metric.

    share: of the variance of the pictures. degrees: of freedom. p: of the effect being nothing for
    prompts like these, NaN if that cannot be told. note: how a pair acts together, if one axis
    reverses the order of the other.
    """

    name: str
    axes: tuple[str, ...]
    share: float
    degrees: int
    p: float
    note: str

    @property
    def is_shown(self) -> bool:
        """Whether it is there for prompts like these."""
        return self.p < ALPHA


@dataclass(frozen=True)
class Effects:
    """What moves a metric, the largest share first.

    prompts, seeds: their shares of the variance; they are chance, and not ranked. rest: the share of
    what is left: how prompts and seeds take to settings, larger combinations, and noise.
    """

    metric: str
    effects: tuple[Effect, ...]
    prompts: float
    seeds: float
    rest: float

    @property
    def sentence(self) -> str:
        """The shares in words, with what acts together."""
        shown = [effect for effect in self.effects if effect.is_shown]
        parts = [f"{effect.name} {percent(effect.share)}" for effect in shown]
        chance = {"prompts": self.prompts, "seeds": self.seeds, "the rest": self.rest}
        parts += [f"{name} {percent(share)}" for name, share in chance.items()]
        head = f"Of the variance of {self.metric}: {', '.join(parts)}."
        left_out = len(self.effects) - len(shown)
        if left_out:
            head += f" Not shown for prompts like these: {_names(self.effects)}."
        notes = [f"{effect.note[0].upper()}{effect.note[1:]}." for effect in shown if effect.note]
        return " ".join([head, *notes])

    def __str__(self) -> str:
        return self.sentence

    def table(self) -> pd.DataFrame:
        """One row per effect, then prompts, seeds and the rest."""
        import pandas as pd

        rows: list[dict[str, object]] = [
            {
                "effect": effect.name,
                "share": effect.share,
                "degrees": effect.degrees,
                "p": effect.p,
                "note": effect.note,
            }
            for effect in self.effects
        ]
        chance = {"prompts": self.prompts, "seeds": self.seeds, "the rest": self.rest}
        rows += [{"effect": name, "share": share, "note": ""} for name, share in chance.items()]
        return pd.DataFrame(rows)


def effects(table: pd.DataFrame, metric: str) -> Effects:
    """The share of each axis and each pair of axes in the variance of a metric.

    table: as `dwlab table` or `Results.table` give it; cells may be missing. Prompts and seeds are
    crossed random blocks: an effect is shown if it is larger than its own variation over prompts
    and seeds (a quasi-F test with the Greenhouse-Geisser correction). Shares are type II sums of
    squares over the total; missing pictures are filled in with what their setting and their prompt
    and seed expect. Raises InvalidInput for an unknown metric, or a table in which no setting
    varies.
    """
    grid = setting_grid(table, metric)
    if len(grid.codes) < 2:
        raise InvalidInput("table", f"{len(table)} rows", "a sweep of which some setting varies")
    values = completed(grid.values)
    enough = np.mean(~np.isnan(grid.values), axis=0) >= PRESENT
    total = float(np.nansum((values - np.nanmean(values)) ** 2))
    terms = terms_of(grid)
    by_term = [_effect(grid, values, term, enough, total) for term in terms]
    by_term.sort(key=lambda effect: effect.share, reverse=True)
    prompts, seeds = _chance(values, total)
    rest = 1 - prompts - seeds - sum(effect.share for effect in by_term)
    return Effects(metric, tuple(by_term), prompts, seeds, max(0.0, rest))


def _effect(
    grid: SettingGrid, values: Floats, term: Term, enough: np.ndarray, total: float
) -> Effect:
    axes = [grid.axes[at] for at in term.axes]
    scores = np.einsum("kps,kd->dps", values, term.directions)
    pictures = np.sum(~np.isnan(scores[0]))
    squares = float(np.sum(np.nanmean(scores, axis=(1, 2)) ** 2)) * float(pictures)
    p = _p_value(np.where(enough, scores, np.nan))
    is_pair = len(axes) == 2
    return Effect(
        name=" × ".join(axis.name for axis in axes),
        axes=tuple(axis.name for axis in axes),
        share=squares / total if total > 0 else 0.0,
        degrees=len(scores),
        p=p,
        note=reversal(grid, term.axes) if is_pair and p < ALPHA else "",
    )


def _p_value(scores: Floats) -> float:
    """Of the mean scores all being 0. scores: (directions, prompts, seeds), NaN for none."""
    # here, because scipy takes a moment to import, and scipy.stats a second
    from scipy.special import fdtrc

    means = crossed_means(scores)
    variance = float(np.mean(means.precision.error**2))
    if not variance > 0:
        return math.nan
    quotient = float(np.mean(means.mean**2)) / variance
    directions = len(scores) * _sphericity(scores)
    degrees = directions * float(np.mean(means.precision.degrees))
    return float(fdtrc(directions, degrees, quotient))


def _sphericity(scores: Floats) -> float:
    """Greenhouse & Geisser's (1959) epsilon: 1 if the directions vary alike and independently."""
    rows = scores.reshape(len(scores), -1)
    rows = rows[:, ~np.isnan(rows).any(axis=0)]
    covariance = np.atleast_2d(np.cov(rows))
    trace = float(np.trace(covariance))
    squares = float(np.sum(covariance**2))
    if squares == 0:
        return 1.0
    return max(trace**2 / (len(covariance) * squares), 1 / len(covariance))


def _chance(values: Floats, total: float) -> tuple[float, float]:
    """The shares of prompts and of seeds."""
    counts = np.sum(~np.isnan(values), axis=0)
    # NaN for a prompt and seed without any picture
    pictures = np.where(counts > 0, np.nansum(values, axis=0) / np.maximum(counts, 1), np.nan)
    middle = np.nanmean(pictures)
    shares = []
    for axis in (1, 0):
        means = np.nanmean(pictures, axis=axis)
        squares = float(np.sum(counts.sum(axis=axis) * (means - middle) ** 2))
        shares.append(squares / total if total > 0 else 0.0)
    return shares[0], shares[1]


def _names(effects: tuple[Effect, ...]) -> str:
    return ", ".join(effect.name for effect in effects if not effect.is_shown)
