"""Rounds of more and more instances with fewer and fewer settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .strategy import cheapest_within, instances_to_fill

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .problem import Draw
    from .scores import Scores

    # the instances of the next round, from those of the last one, of none at first
    Length = Callable[[int], int]
    # the settings of the next round, from those of the last one and its instances
    Keep = Callable[[Scores, list[int], Sequence[int]], list[int]]


@dataclass(frozen=True)
class Rounds:
    """How far a search has come that drops settings after each round.

    draws: what the round under way needs. alive: the settings of the last finished round, of which
    one is chosen. columns: its instances.
    """

    draws: list[Draw]
    alive: list[int]
    columns: Sequence[int]

    @classmethod
    def of(cls, scores: Scores, length: Length, keep: Keep, fill: int) -> Rounds:
        """Play the rounds that the scores have pictures of.

        fill: pictures per round at least. It ends after the last instance, or with one setting.
        """
        instances = scores.problem.search_columns
        contestants = alive = list(scores.problem.settings)
        finished = instances[:0]
        while len(finished) < len(instances) and len(alive) > 1:
            full = len(finished) + instances_to_fill(len(alive), fill)
            columns = instances[: max(length(len(finished)), full)]
            draws = scores.missing(alive, columns)
            if draws:
                return cls(draws, contestants, finished)
            finished = columns
            contestants = [setting for setting in alive if _has_values(scores, setting, columns)]
            if not contestants:
                break
            alive = keep(scores, contestants, columns)
        return cls([], contestants, finished)

    def choice(self, scores: Scores) -> int | None:
        """The cheapest within the margin of the best, in the last round that was finished."""
        if self.columns:
            return cheapest_within(scores, self.alive, self.columns)
        tried = [setting for setting in self.alive if scores.is_made[setting].any()]
        return cheapest_within(scores, tried, scores.problem.search_columns)


def _has_values(scores: Scores, setting: int, columns: Sequence[int]) -> bool:
    """Whether any picture of a setting has one: those that always fail would stop comparisons."""
    return not bool(np.isnan(scores.values[setting, list(columns)]).all())
