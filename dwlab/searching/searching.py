"""Round after round, until a strategy has decided or the budget is spent."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .budget import Spent, fitting
from .claim import claim_round
from .problem import Draw
from .scores import Scores
from .verdict import verdict

if TYPE_CHECKING:
    from ..spec.budget import Budget
    from .problem import Problem
    from .strategy import Strategy
    from .verdict import Verdict

# makes pictures and returns the value of the metric of each, None if it has none
Make = Callable[[Sequence[Draw]], Sequence[float | None]]
# of the budget, for the search; the rest is kept for the claim on held-out instances
SEARCH_SHARE = 0.7


class Search:
    """A search under way: what to make next, and the verdict at any time.

    budget: None for no limit. scores: of a search to go on with. seconds: what its pictures took.
    free: draws that cost nothing, because others made their pictures before.
    """

    def __init__(
        self,
        problem: Problem,
        strategy: Strategy,
        budget: Budget | None = None,
        *,
        scores: Scores | None = None,
        seconds: float = 0.0,
        free: frozenset[Draw] = frozenset(),
    ) -> None:
        self.problem = problem
        self.strategy = strategy
        self.budget = budget
        self.scores = scores or Scores(problem)
        self.seconds = seconds
        self.free = free

    @property
    def spent(self) -> Spent:
        """What the pictures cost so far, without those that are free."""
        settings = [draw.setting for draw in self.free if self.scores.is_made[draw]]
        rows = sum(self.problem.prices[setting] for setting in settings)
        pictures = self.scores.pictures - len(settings)
        return Spent(pictures, self.scores.rows - rows, self.seconds)

    def next_round(self, seconds_per_row: float | None = None) -> list[Draw]:
        """The pictures to make next, as far as the budget pays; none at the end.

        When the strategy has decided, or its share of the budget is spent, they are those of the
        claim. seconds_per_row: for a budget in seconds, by default what the pictures so far took.
        """
        share = SEARCH_SHARE if self.problem.held_out else 1.0
        draws = self._affordable(self._wanted(), share, seconds_per_row)
        if draws:
            return draws
        return self._affordable(self._claimed(), 1.0, seconds_per_row)

    def tell(
        self, draws: Sequence[Draw], values: Sequence[float | None], seconds: float = 0.0
    ) -> None:
        """Note the values of pictures, and how many seconds those took that are not free."""
        for draw, value in zip(draws, values, strict=True):
            self.scores.add(draw, value)
        self.seconds += seconds

    def verdict(self) -> Verdict:
        """What is known now."""
        known = verdict(self.scores, self.strategy.choice(self.scores))
        is_cut_short = bool(self._wanted() or self._claimed())
        return replace(known, is_cut_short=is_cut_short)

    def run(self, make: Make) -> Verdict:
        """Make pictures until the end, and return the verdict."""
        while draws := self.next_round():
            began = time.perf_counter()
            values = make(draws)
            self.tell(draws, values, time.perf_counter() - began)
        return self.verdict()

    def _wanted(self) -> list[Draw]:
        """What the strategy would make next, whatever it costs."""
        return self.strategy.next_round(self.scores)

    def _claimed(self) -> list[Draw]:
        """What the claim for its choice lacks."""
        return claim_round(self.scores, self.strategy.choice(self.scores))

    def _affordable(
        self, draws: list[Draw], share: float, seconds_per_row: float | None
    ) -> list[Draw]:
        if self.budget is None:
            return draws
        return fitting(
            self.budget.part(share),
            draws,
            self.problem.prices,
            self.spent,
            seconds_per_row,
            free=self.free,
        )
