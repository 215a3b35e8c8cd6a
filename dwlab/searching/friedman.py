"""Tests by the ranks that settings have on each instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..analysis.margins import Floats


def chances_of_worse(values: Floats, best: int, level: float) -> Floats:
    """The chance of each setting to be as far behind one as it is, if it were not worse.

    Friedman's test with ties, then comparisons of rank sums with that one setting (Conover 1999,
    Practical Nonparametric Statistics, 5.8). values: (settings, instances), higher is better. All
    chances are 1 if Friedman's test does not tell the settings apart at `level`, that of the
    setting itself always is.
    """
    # here, because scipy takes a moment to import
    from scipy.special import chdtrc, stdtr
    from scipy.stats import rankdata

    settings, instances = values.shape
    alike = np.ones(settings)
    if settings < 2 or instances < 2:
        return alike
    ranks = rankdata(-values, axis=0)
    sums = ranks.sum(axis=1)
    squares = float((ranks**2).sum())
    of_sums = float((sums**2).sum()) / instances
    if_equal = instances * settings * (settings + 1) ** 2 / 4
    if squares == if_equal:
        return alike
    statistic = (settings - 1) * instances * (of_sums - if_equal) / (squares - if_equal)
    if chdtrc(settings - 1, statistic) > level:
        return alike
    degrees = (instances - 1) * (settings - 1)
    error = np.sqrt(2 * instances * max(squares - of_sums, 0.0) / degrees)
    behind = sums - sums[best]
    with np.errstate(divide="ignore", invalid="ignore"):
        chances: Floats = stdtr(degrees, -behind / error)
    # without any variation left only the direction counts
    if error == 0:
        chances = np.where(behind > 0, 0.0, 1.0)
    chances[best] = 1.0
    return chances


def holm(chances: Floats, level: float) -> NDArray[np.bool_]:
    """Which of several tests are significant together (Holm 1979)."""
    order = np.argsort(chances)
    limits = level / np.arange(len(chances), 0, -1)
    is_significant = np.zeros(len(chances), dtype=bool)
    is_significant[order] = np.logical_and.accumulate(chances[order] <= limits)
    return is_significant
