"""What a search claims, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.rivals import Deficit, deficits
from ..analysis.setting_grid import SAMPLED, typical_jump
from ..analysis.statistics_text import count, interval_text, number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..analysis.precision import More
    from .problem import Draw
    from .scores import Scores

# settings that a claim is checked against, if no bound of the metric says how good the best can be
RIVALS = 3


@dataclass(frozen=True)
class Verdict:
    """What a search says in the end.

    chosen: the setting; None if no picture has a value. behind: how far it is behind the best, or
    behind the bound of the metric if `against_bound`. low, high: the 95% interval of that (low at
    98%); infinite if nothing is known. is_held_out: whether they are from instances that the search
    did not use. Otherwise they flatter the chosen setting, and nothing is shown. pictures, rows:
    spent. more: what would settle an open verdict.
    """

    chosen: int | None
    margin: float
    target: str
    pictures: int
    rows: float
    behind: float = math.nan
    low: float = 0.0
    high: float = math.inf
    pairs: int = 0
    is_held_out: bool = False
    against_bound: bool = False
    more: More | None = None

    @property
    def is_shown(self) -> bool:
        """Whether the chosen setting is shown to be within the margin of the best."""
        return self.chosen is not None and self.is_held_out and self.high <= self.margin

    @property
    def is_refuted(self) -> bool:
        """Whether it is shown to be beyond the margin."""
        return self.is_held_out and not self.against_bound and self.low > self.margin

    def sentence(self, setting: str, metric: str) -> str:
        """The verdict in words. setting: the chosen one, like `steps 5, guidance 3`."""
        if self.chosen is None:
            return f"No picture has a value of {metric} yet, so nothing can be told."
        goal = f"within {number_text(self.margin)} of the best {metric} for {self.target}"
        rival = "the best possible value" if self.against_bound else "the best"
        if self.pairs and math.isfinite(self.behind):
            facts = (
                f"{count(self.pairs, 'pair')}; behind {rival} by {number_text(self.behind)} "
                f"{interval_text(self.low, self.high)}"
            )
        else:
            facts = "no pairs to compare"
        if self.is_shown:
            return f"Shown to be {goal}: {setting} ({facts}, 95% interval on held-out seeds)."
        if self.is_refuted:
            return f"{setting} looked best but is beyond the margin on held-out seeds ({facts})."
        needed = f" To tell, it would take {self.more}." if self.more else ""
        seeds = "held-out seeds" if self.is_held_out else "the seeds of the search"
        return (
            f"Looks best: {setting} ({facts}, on {seeds}). Whether it is {goal} cannot be told "
            f"within this budget.{needed}"
        )


def claim_round(scores: Scores, chosen: int | None) -> list[Draw]:
    """The pictures of held-out instances that the claim for a setting still lacks.

    First those of the setting alone: if the metric has a bound and they are near enough to it,
    that is all. Otherwise those of the rivals, the settings that look best beside it.
    """
    columns = scores.problem.held_out_columns
    if chosen is None or not columns:
        return []
    own = scores.missing([chosen], columns)
    if own:
        return own
    if _is_near_bound(scores, chosen):
        return []
    return scores.missing(_rivals(scores, chosen), columns)


def verdict(scores: Scores, chosen: int | None) -> Verdict:
    """What the scores so far say of a chosen setting."""
    problem = scores.problem
    empty = Verdict(chosen, problem.margin, problem.target, scores.pictures, scores.rows)
    if chosen is None:
        return empty
    columns: Sequence[int] = problem.held_out_columns
    is_held_out = len(columns) > 0 and not scores.missing([chosen], columns)
    if not is_held_out:
        columns = problem.search_columns
    rivals = _rivals(scores, chosen)
    if is_held_out:
        # a budget may end before all rivals have their pictures
        is_complete = not scores.missing(rivals, columns)
        rivals = rivals if is_complete else []
    against_bound = _deficit_to_bound(scores, chosen, columns)
    against_rivals = _deficit_to_rivals(scores, chosen, rivals, columns)
    deficit, is_of_bound = _tighter(against_bound, against_rivals)
    if deficit is None:
        return empty
    return Verdict(
        chosen=chosen,
        margin=problem.margin,
        target=problem.target,
        pictures=scores.pictures,
        rows=scores.rows,
        behind=deficit.behind,
        low=deficit.low,
        high=deficit.high,
        pairs=deficit.pairs,
        is_held_out=is_held_out,
        against_bound=is_of_bound,
        more=deficit.more,
    )


def _is_near_bound(scores: Scores, chosen: int) -> bool:
    deficit = _deficit_to_bound(scores, chosen, scores.problem.held_out_columns)
    return deficit is not None and deficit.high <= scores.problem.margin


def _tighter(of_bound: Deficit | None, of_rivals: Deficit | None) -> tuple[Deficit | None, bool]:
    """The deficit that says more, and whether it is that to the bound."""
    if of_rivals is None:
        return of_bound, of_bound is not None
    if of_bound is None or of_rivals.high <= of_bound.high:
        return of_rivals, False
    return of_bound, True


def _rivals(scores: Scores, chosen: int) -> list[int]:
    """The settings that look best beside the chosen one; none if some were never tried.

    Those with pictures of more instances come first, because a search goes on with the best.
    """
    problem = scores.problem
    columns = list(problem.search_columns)
    tried = (~np.isnan(scores.values[:, columns])).sum(axis=1)
    if not tried.all():
        return []
    others = [setting for setting in problem.settings if setting != chosen]
    behind = [_seen_behind(scores, chosen, other, columns) for other in others]
    order = sorted(range(len(others)), key=lambda at: (behind[at], problem.prices[others[at]]))
    return [others[at] for at in order[:RIVALS]]


def _seen_behind(scores: Scores, chosen: int, other: int, columns: list[int]) -> float:
    """How far another setting is behind the chosen one, as if it were equal on two more."""
    ahead = scores.differences(chosen, [other], columns)
    ahead = ahead[~np.isnan(ahead)]
    return float(-ahead.sum() / (len(ahead) + 2))


def _deficit_to_bound(scores: Scores, chosen: int, columns: Sequence[int]) -> Deficit | None:
    """How far a setting is behind a rival that always has the best possible value."""
    if scores.problem.bound is None:
        return None
    own = scores.values[[chosen]][:, list(columns)]
    perfect = np.full_like(own, scores.best_possible)
    return _deficit(scores, np.concatenate([own, perfect]), columns)


def _deficit_to_rivals(
    scores: Scores, chosen: int, rivals: Sequence[int], columns: Sequence[int]
) -> Deficit | None:
    if not rivals:
        return None
    return _deficit(scores, scores.values[np.ix_([chosen, *rivals], list(columns))], columns)


def _deficit(scores: Scores, values: np.ndarray, columns: Sequence[int]) -> Deficit | None:
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
