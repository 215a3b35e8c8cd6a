"""Which of the cells that wait are the best for a worker, and how many of them."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .chunks import Group, Load
    from .pace import Pace
    from .rates import Rates
    from .waiting import Waiting


class Choice:
    """Takes cells out of those that wait, group by group."""

    def __init__(self, waiting: Waiting, rates: Rates, pace: Pace) -> None:
        self._waiting = waiting
        self._rates = rates
        self._pace = pace

    def take(
        self, worker: str, workers: int, group: Group, is_ended: Callable[[int], bool]
    ) -> list[Load]:
        """Cells of a group for a worker, one of so many: as many as last for the right time."""
        rate = self._rates.rate(worker, group)
        if rate is None:
            share = math.ceil(self._waiting.count(group) / workers)
            return self._waiting.take(group, math.inf, min(self._pace.first, share), is_ended)
        seconds = min(self._pace.seconds, self.seconds_left(workers) / 2)
        cost = max(self._pace.least, seconds) / rate
        return self._waiting.take(group, cost, self._pace.most, is_ended)

    def group_for(
        self,
        last: Group | None,
        held: set[object],
        busy_with: Iterable[Group],
        is_held_up: Callable[[Group], bool],
    ) -> Group | None:
        """The group that costs a worker the least to change to, the fullest of these.

        last: what it had last. held: the models in its memory. busy_with: the groups of all workers
        that have something to do. None if nothing waits that would be worth loading its model.
        """
        helpers = Counter(group[0] for group in busy_with)
        best: tuple[tuple[int, bool, float], Group] | None = None
        for group, left in self._waiting.left.items():
            helping = helpers[group[0]]
            is_here = group[0] in held
            if is_held_up(group) or not (is_here or self._is_worth_loading(group, helping)):
                continue
            seconds = left * (self._rates.usual(group) or 1.0) / (helping + 1)
            rank = (_shared(group, last), is_here, seconds)
            if best is None or rank > best[0]:
                best = (rank, group)
        return best[1] if best else None

    def _is_worth_loading(self, group: Group, helping: int) -> bool:
        """Whether the workers that have a model need longer for the rest than another to load it."""
        rate = self._rates.usual(group)
        if not helping or rate is None:
            return True
        return self._waiting.left[group] * rate / helping > self._rates.load_seconds(group)

    def seconds_left(self, workers: int) -> float:
        """How long so many workers together need for what nobody has got yet."""
        total = 0.0
        for group, left in self._waiting.left.items():
            total += left * (self._rates.usual(group) or 0.0)
        return total / workers


def _shared(group: Group, other: Group | None) -> int:
    """How many of a group's levels, from the coarse ones, are those of another."""
    count = 0
    for level, same in zip(group, other or (), strict=False):
        if level != same:
            break
        count += 1
    return count
