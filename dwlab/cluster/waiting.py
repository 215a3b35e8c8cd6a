"""The cells that no worker has got yet."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .chunks import Group, Load


class Waiting:
    """Cells by group, the most expensive first, so that the last ones are short."""

    def __init__(self, loads: Iterable[Load]) -> None:
        self._queues: dict[Group, deque[Load]] = {}
        # what is left of each group, in its units of cost
        self.left: dict[Group, float] = {}
        for load in sorted(loads, key=lambda load: -load.cost):
            self._queues.setdefault(load.group, deque()).append(load)
            self.left[load.group] = self.left.get(load.group, 0.0) + load.cost

    def __iter__(self) -> Iterator[Load]:
        for queue in self._queues.values():
            yield from queue

    def count(self, group: Group) -> int:
        """How many cells of a group are left."""
        return len(self._queues[group])

    def take(
        self, group: Group, cost: float, most: int, ended: Callable[[int], bool]
    ) -> list[Load]:
        """Some cells of a group, at least one if there is one: up to a cost and a number.

        ended: whether a cell, by its position, is not wanted any more.
        """
        queue = self._queues[group]
        taken: list[Load] = []
        total = 0.0
        while queue and len(taken) < most and (not taken or total + queue[0].cost <= cost):
            load = queue.popleft()
            self.left[group] -= load.cost
            if not ended(load.position):
                taken.append(load)
                total += load.cost
        if not queue:
            del self._queues[group]
            del self.left[group]
        return taken

    def take_all(self, group: Group) -> list[Load]:
        """All cells of a group."""
        self.left.pop(group, None)
        return list(self._queues.pop(group, ()))
