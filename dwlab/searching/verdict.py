"""What a search claims, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .._util.counted import counted
from ..analysis.statistics_text import interval_text, number_text
from .claim import deficit_to_bound, deficit_to_rivals, rivals_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..analysis.precision import More
    from ..analysis.rivals import Deficit
    from .scores import Scores


@dataclass(frozen=True)
class Verdict:
    """What a search says in the end.

    chosen: the setting; None if no picture has a value. behind: how far it is behind the best, or
    behind the bound of the metric if `against_bound`. low, high: the 95% interval of that (low at
    98%); infinite if nothing is known. is_held_out: whether they are from instances that the search
    did not use. Otherwise they flatter the chosen setting, and nothing is shown. unsettled: how many
    settings were not compared there, although what the search saw of them does not exclude that
    they are better by more than the margin. pictures, rows: spent. more: what would make the
    interval small enough. is_cut_short: whether the budget ended before the search did.
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
    unsettled: int = 0
    more: More | None = None
    is_cut_short: bool = False

    @property
    def is_shown(self) -> bool:
        """Whether the chosen setting is shown to be within the margin of the best."""
        return self.is_held_out and self.unsettled == 0 and self.high <= self.margin

    @property
    def is_refuted(self) -> bool:
        """Whether it is shown to be beyond the margin."""
        return self.is_held_out and not self.against_bound and self.low > self.margin

    def sentence(self, setting: str, metric: str) -> str:
        """The verdict in words. setting: the chosen one, like `steps 5, guidance 3`."""
        if self.chosen is None:
            return f"No picture has a value of {metric} yet, so nothing can be told."
        goal = f"within {number_text(self.margin)} of the best {metric} for {self.target}"
        rival = "the best possible value" if self.against_bound else "the best of its rivals"
        if self.pairs and math.isfinite(self.behind):
            facts = (
                f"{counted(self.pairs, 'pair')}; behind {rival} by {number_text(self.behind)} "
                f"{interval_text(self.low, self.high)}"
            )
        else:
            facts = "no pairs to compare"
        if self.is_shown:
            return f"Shown to be {goal}: {setting} ({facts}, 95% interval on held-out seeds)."
        if self.is_refuted:
            return f"{setting} looked best but is beyond the margin on held-out seeds ({facts})."
        seeds = "held-out seeds" if self.is_held_out else "the seeds of the search"
        limit = "within this budget" if self.is_cut_short else "from these prompts and seeds"
        return (
            f"Looks best: {setting} ({facts}, on {seeds}). Whether it is {goal} cannot be told "
            f"{limit}{self._reasons()}."
        )

    def _reasons(self) -> str:
        """Why it cannot be told, and what would tell."""
        reasons = []
        if self.unsettled:
            reasons.append(
                f"{counted(self.unsettled, 'setting')} dropped out on too few pictures to exclude "
                "that one is better"
            )
        if self.more is not None:
            reasons.append(f"the interval would need {self.more}")
        return f": {'; '.join(reasons)}" if reasons else ""


def verdict(scores: Scores, chosen: int | None) -> Verdict:
    """What the scores so far say of a chosen setting."""
    problem = scores.problem
    nothing = Verdict(chosen, problem.margin, problem.target, scores.pictures, scores.rows)
    if chosen is None:
        return nothing
    columns: Sequence[int] = problem.held_out_columns
    is_held_out = len(columns) > 0 and not scores.missing([chosen], columns)
    if not is_held_out:
        columns = problem.search_columns
    rivals, unsettled = rivals_of(scores, chosen)
    to_bound = deficit_to_bound(scores, chosen, columns)
    # a budget may end before all rivals have their pictures
    has_rivals = not is_held_out or not scores.missing(rivals, columns)
    to_rivals = deficit_to_rivals(scores, chosen, rivals, columns) if has_rivals else None
    against_bound = _is_surer(to_bound, to_rivals, problem.margin, unsettled)
    deficit = to_bound if against_bound else to_rivals
    if deficit is None:
        return replace(nothing, unsettled=unsettled)
    return replace(
        nothing,
        behind=deficit.behind,
        low=deficit.low,
        high=deficit.high,
        pairs=deficit.pairs,
        is_held_out=is_held_out,
        against_bound=against_bound,
        unsettled=0 if against_bound else unsettled,
        more=deficit.more,
    )


def _is_surer(
    to_bound: Deficit | None, to_rivals: Deficit | None, margin: float, unsettled: int
) -> bool:
    """Whether the deficit to the bound says more than that to the rivals."""
    if to_bound is None or to_rivals is None:
        return to_bound is not None
    # no setting is beyond the bound
    return to_bound.high <= margin or (unsettled > 0 and to_bound.high <= to_rivals.high)
