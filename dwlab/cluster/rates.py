"""How fast workers are, learned from the chunks that they finish."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .chunks import Chunk, Group

# of the newest measurement in a rate
WEIGHT = 0.5


class Rates:
    """Seconds per unit of cost, by worker and group, and those that models take to load."""

    def __init__(self) -> None:
        self._own: dict[tuple[str, Group], float] = {}
        self._groups: dict[Group, float] = {}
        self._slowness: dict[str, float] = {}
        self._load_seconds: dict[object, float] = {}

    def learn(self, worker: str, group: Group, cost: float, seconds: float) -> None:
        """Take in that a worker spent so many seconds on a chunk, loading aside."""
        rate = max(seconds, 1e-6) / cost
        usual = self._groups.get(group, rate)
        relative = rate / usual
        self._groups[group] = _mixed(usual, rate)
        self._own[worker, group] = _mixed(self._own.get((worker, group), rate), rate)
        self._slowness[worker] = _mixed(self._slowness.get(worker, relative), relative)

    def learn_loading(self, group: Group, seconds: float) -> None:
        """Take in how long the model of a group took to load."""
        self._load_seconds[group[0]] = seconds

    def load_seconds(self, group: Group) -> float:
        """How long the model of a group takes to load; 0 as long as nobody loaded it."""
        return self._load_seconds.get(group[0], 0.0)

    def usual(self, group: Group) -> float | None:
        """Seconds per unit on an average worker; of groups that were not measured, by the others."""
        known = self._groups.get(group)
        if known is not None:
            return known
        alike = [rate for other, rate in self._groups.items() if other[0] == group[0]]
        rates = alike or list(self._groups.values())
        return sum(rates) / len(rates) if rates else None

    def rate(self, worker: str, group: Group) -> float | None:
        """Seconds per unit on this worker; None if nothing is known yet."""
        own = self._own.get((worker, group))
        if own is not None:
            return own
        usual = self.usual(group)
        return None if usual is None else usual * self._slowness.get(worker, 1.0)

    def expected(self, worker: str, chunk: Chunk) -> float | None:
        """Seconds that a chunk takes on this worker, loading aside; None if nothing is known yet."""
        rate = self.rate(worker, chunk.group)
        return None if rate is None else rate * chunk.cost


def _mixed(old: float, new: float) -> float:
    return (1 - WEIGHT) * old + WEIGHT * new
