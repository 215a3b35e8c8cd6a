"""What is known of the workers of a run on a cluster: the newest of each, and their rates together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._util.counted import counted
from ..events import WorkerChanged

if TYPE_CHECKING:
    from ..events import ClusterEvent

NAMED = 4  # workers of a line


class Workers:
    """Listens to the events of a cluster; empty if everything is computed in this process."""

    def __init__(self) -> None:
        self.dashboard = ""
        self._newest: dict[str, WorkerChanged] = {}

    def update(self, event: ClusterEvent) -> None:
        """Take note of an event."""
        if isinstance(event, WorkerChanged):
            self._newest[event.worker] = event
        else:
            self.dashboard = event.dashboard

    @property
    def all(self) -> list[WorkerChanged]:
        """The newest of each worker, in the order in which they came."""
        return list(self._newest.values())

    @property
    def here(self) -> list[WorkerChanged]:
        """Those that compute or could."""
        return [worker for worker in self.all if worker.state in ("idle", "working")]

    @property
    def working(self) -> int:
        """How many have something to do."""
        return sum(worker.state == "working" for worker in self.all)

    @property
    def rate(self) -> float:
        """Pictures per second of all that are here; 0 if nothing is known yet."""
        return sum(worker.rate for worker in self.here)

    def text(self, named: int = NAMED) -> str:
        """How many there are and how fast they are, for people; empty if there never were any.

        named: up to so many workers are named, with the rate of each.
        """
        if not self._newest:
            return ""
        parts = [self._those_here(named), self._count("left"), self._count("refused")]
        return ", ".join(part for part in parts if part)

    def _those_here(self, named: int) -> str:
        here = self.here
        count = counted(len(here), "worker")
        if not self.rate:
            return count
        if len(here) > named:
            return f"{count}, {rate_text(self.rate)}"
        rates = [f"{worker.worker} {rate_text(worker.rate)}" for worker in here]
        return f"{count} ({', '.join(rates)})"

    def _count(self, state: str) -> str:
        count = sum(worker.state == state for worker in self.all)
        return f"{count:,} {state}" if count else ""


def rate_text(rate: float) -> str:
    """A number of pictures per second, for people: `2.1/s`, `15/min`, `40/h`, `-` if not known."""
    if not rate:
        return "-"
    for unit, seconds in (("s", 1), ("min", 60)):
        if rate * seconds >= 1:
            return f"{rate * seconds:,.3g}/{unit}"
    return f"{rate * 3600:,.3g}/h"
