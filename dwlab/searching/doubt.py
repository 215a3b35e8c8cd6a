"""Which settings may be better than the chosen one, by what a search saw of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.rivals import adjusted_means

if TYPE_CHECKING:
    from ..analysis.margins import Floats
    from .scores import Scores

# of the upper bounds together, on one side
LEVEL = 0.95


def others_by_doubt(scores: Scores, chosen: int) -> tuple[list[int], int]:
    """The other settings, and how many of them may be ahead by more than the margin.

    Those come first that may be ahead; of these, those with the most pictures to compare, and then
    those that look best. A setting may be ahead if the upper bound of its lead is beyond the
    margin, by a t interval over the instances of the search with the variance of all settings: a
    setting that dropped out early has too few pictures for a variance of its own. It is corrected
    for the number of settings (Bonferroni), because the same pictures made the choice.
    """
    values = scores.values[:, list(scores.problem.search_columns)]
    ahead = values - values[chosen]
    pairs = (~np.isnan(ahead)).sum(axis=1)
    lead = np.nansum(ahead, axis=1) / np.maximum(pairs, 1)
    reach = np.full(len(values), np.inf)
    reach[pairs > 0] = _reach(values) * np.sqrt(2 / pairs[pairs > 0])
    is_open = lead + reach > scores.problem.margin
    others = [setting for setting in scores.problem.settings if setting != chosen]
    others.sort(key=lambda at: (not is_open[at], -pairs[at], -lead[at]))
    return others, int(is_open[others].sum())


def _reach(values: Floats) -> float:
    """How far the bound of a single value reaches; values: (settings, instances), NaN if missing.

    Infinite if nothing is known.
    """
    # here, because scipy takes a moment to import
    from scipy.special import stdtrit

    is_known = ~np.isnan(values)
    known = values[is_known.any(axis=1)][:, is_known.any(axis=0)]
    if not known.size:
        return math.inf
    left = known - adjusted_means(known[:, :, None])[:, None]
    left = left - np.nanmean(left, axis=0)
    degrees = int(is_known.sum()) - sum(known.shape) + 1
    if degrees < 1:
        return math.inf
    variance = float(np.nansum(left**2)) / degrees
    level = 1 - (1 - LEVEL) / max(1, len(values) - 1)
    return float(stdtrit(degrees, level)) * math.sqrt(variance)
