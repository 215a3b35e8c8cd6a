"""Some settings at random, each on all instances: what every other strategy has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .strategy import FILL, cheapest_within

if TYPE_CHECKING:
    from .problem import Draw
    from .scores import Scores


@dataclass(frozen=True)
class RandomSearch:
    """Tries settings in a random order, all instances of one before the next.

    settings: how many of them at most; None for all, until the budget ends. seed: of the order.
    fill: pictures per round at least.
    """

    settings: int | None = None
    seed: int = 0
    fill: int = FILL

    def next_round(self, scores: Scores) -> list[Draw]:
        """All that the next settings still need."""
        columns = scores.problem.search_columns
        draws: list[Draw] = []
        for setting in self._order(scores):
            draws.extend(scores.missing([setting], columns))
            if len(draws) >= self.fill:
                break
        return draws

    def choice(self, scores: Scores) -> int | None:
        """The cheapest within the margin of the best of those that were tried."""
        tried = [at for at in self._order(scores) if scores.is_made[at].any()]
        return cheapest_within(scores, tried, scores.problem.search_columns)

    def _order(self, scores: Scores) -> list[int]:
        shuffled = np.random.default_rng(self.seed).permutation(len(scores.problem.prices))
        order: list[int] = shuffled.tolist()
        return order[: self.settings]
