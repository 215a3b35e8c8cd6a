"""What a claim for a setting takes: pictures of it and of its rivals on held-out instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..analysis.rivals import deficits
from ..analysis.setting_grid import SAMPLED, typical_jump
from .doubt import others_by_doubt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..analysis.margins import Floats
    from ..analysis.rivals import Deficit
    from .problem import Draw
    from .scores import Scores

# settings that the chosen one is compared with on held-out instances at most
RIVALS = 3


def claim_round(scores: Scores, chosen: int | None) -> list[Draw]:
    """The pictures of held-out instances that the claim for a setting still lacks.

    First those of the setting alone: if the metric has a bound and they are near enough to it,
    that is all. Otherwise those of its rivals, unless only the bound could show more, because
    others were never tried.
    """
    columns = scores.problem.held_out_columns
    if chosen is None or not columns:
        return []
    own = scores.missing([chosen], columns)
    if own or _is_near_bound(scores, chosen):
        return own
    rivals, unsettled = rivals_of(scores, chosen)
    if unsettled and scores.problem.bound is not None:
        return []
    return scores.missing(rivals, columns)


def rivals_of(scores: Scores, chosen: int) -> tuple[list[int], int]:
    """The settings to compare a setting with, and how many more may be better."""
    others, doubtful = others_by_doubt(scores, chosen)
    # where not all can be compared, one says how the chosen setting holds up on held-out instances
    compared = doubtful if 0 < doubtful <= RIVALS else 1
    return others[:compared], max(0, doubtful - compared)


def deficit_to_bound(scores: Scores, chosen: int, columns: Sequence[int]) -> Deficit | None:
    """How far a setting is behind a rival that always has the best possible value."""
    if scores.problem.bound is None:
        return None
    own = scores.values[[chosen]][:, list(columns)]
    perfect = np.full_like(own, scores.best_possible)
    return _deficit(scores, np.concatenate([own, perfect]), columns)


def deficit_to_rivals(
    scores: Scores, chosen: int, rivals: Sequence[int], columns: Sequence[int]
) -> Deficit | None:
    """How far a setting is behind the best of some others; None if they have no picture in common."""
    return _deficit(scores, scores.values[np.ix_([chosen, *rivals], list(columns))], columns)


def _is_near_bound(scores: Scores, chosen: int) -> bool:
    deficit = deficit_to_bound(scores, chosen, scores.problem.held_out_columns)
    return deficit is not None and deficit.high <= scores.problem.margin


def _deficit(scores: Scores, values: Floats, columns: Sequence[int]) -> Deficit | None:
    """The deficit of the first of several settings, with values (settings, instances)."""
    is_pair = ~np.isnan(values).any(axis=0)
    if not is_pair.any():
        return None
    problem = scores.problem
    everything = scores.crossed(scores.values, range(len(problem.every_instance)))
    grid = scores.crossed(np.where(is_pair, values, np.nan), columns)
    best = int(np.argmax(values[:, is_pair].mean(axis=1)))
    return deficits(
        grid,
        best,
        problem.margin,
        prompts_vary=problem.target == SAMPLED,
        jump=typical_jump(everything),
    )[0]
