"""Whether one axis turns round which value of another is better."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from .._util.isolated import isolated
from .crossed import crossed_means

if TYPE_CHECKING:
    from .margins import Floats
    from .setting_grid import SettingGrid

LEVEL = 0.99  # stricter than 95%, because many values are compared


def reversal(grid: SettingGrid, axes: tuple[int, ...]) -> str:
    """A sentence like `guidance reverses the order of steps (2 and 5)`, or nothing.

    It is said if a value is shown to be better than another at one value of the second axis, and
    worse at another one. axes: the positions of the two.
    """
    for first, second in (axes, axes[::-1]):
        values = _means_by(grid, first, second)
        for low, high in itertools.combinations(range(len(values)), 2):
            differences = crossed_means(values[high] - values[low])
            is_better = differences.low(LEVEL) > 0
            is_worse = differences.high(LEVEL) < 0
            if is_better.any() and is_worse.any():
                axis, other = grid.axes[first], grid.axes[second]
                names = " and ".join(axis.in_words(axis.values[at]) for at in (low, high))
                return (
                    f"{isolated(other.name)} reverses the order of {isolated(axis.name)} ({names})"
                )
    return ""


def _means_by(grid: SettingGrid, first: int, second: int) -> Floats:
    """The metric by the values of two axes: (first, second, prompts, seeds)."""
    codes = np.array(grid.codes)
    shape = (len(grid.axes[first].values), len(grid.axes[second].values))
    means = np.full((*shape, grid.prompts, grid.seeds), np.nan)
    for at in np.ndindex(shape):
        chosen = (codes[:, first] == at[0]) & (codes[:, second] == at[1])
        values = grid.values[chosen]
        counts = np.sum(~np.isnan(values), axis=0)
        sums = np.nansum(values, axis=0)
        means[at] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return means
