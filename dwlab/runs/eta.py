"""How far a run is and how long the rest takes: the one estimate for bars, panels, logs, server."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.durations import duration
from ..events import Connected, Done, Downloading, Failed, Loaded, Started, Step, WorkerChanged
from .work import Work
from .workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import Event


@dataclass(frozen=True)
class _Mark:
    """How much was done at a time. cost: in the unit of `Work.costs`."""

    time: float
    cost: float

    def later(self, seconds: float) -> _Mark:
        return _Mark(self.time + seconds, self.cost)


class Pace:
    """Listens to a run's events and tells how far it is: in pictures, in denoiser rows, in time.

    todo: the pictures to make, or a number of equal things. Time is measured from the end of the
    first forward, because loading and warming up say nothing about the rest; before that, the
    estimate is the plan's if it has one. Pictures that share forwards take their steps in bursts:
    only whole rounds, in which each picture took a step, are measured.
    """

    def __init__(self, todo: Work | int, *, now: Callable[[], float] = time.monotonic):
        self.work = Work.equal(todo) if isinstance(todo, int) else todo
        self.total = self.work.total_pictures
        self.finished = self.work.spent_pictures
        self.failed = 0
        self.workers = Workers()
        self._now = now
        self._began = now()
        # of finished pictures
        self._cost = self.work.spent_cost
        self._rows = self.work.spent_rows
        self._total_cost = self.work.total_cost
        self._total_rows = self.work.total_rows
        # what is done of each picture under way, 0 to 1
        self._shares: dict[int, float] = {}
        # the pictures that took a step in this round
        self._round: set[int] = set()
        self._last_event = self._began
        self._first_forward: _Mark | None = None
        self._last_round: _Mark | None = None

    def update(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, Downloading | Loaded):
            return
        if isinstance(event, Connected | WorkerChanged):
            self.workers.update(event)
            return
        now = self._now()
        if isinstance(event, Started) and not self._shares and not self.workers.working:
            # until now a model was loading
            self._leave_out(now - self._last_event)
        if event.index in self._round:
            self._end_round()
        self._round.add(event.index)
        self._last_event = now
        if isinstance(event, Done | Failed):
            self._finish(event)
        elif isinstance(event, Step):
            self._shares[event.index] = min(event.step / event.steps, 1.0)
        else:
            self._shares[event.index] = 0.0

    def _finish(self, event: Done | Failed) -> None:
        self._shares.pop(event.index, None)
        self._cost += self.work.costs[event.index]
        self._rows += self.work.rows[event.index]
        self.finished += 1
        self.failed += isinstance(event, Failed)

    def _end_round(self) -> None:
        self._last_round = _Mark(self._last_event, self._cost_done())
        if self._first_forward is None and self._last_round.cost > 0:
            self._first_forward = self._last_round
        self._round.clear()

    def _leave_out(self, seconds: float) -> None:
        """Leave out a time in which no picture was under way."""
        if self._last_round and self._first_forward:
            self._last_round = self._last_round.later(seconds)
            self._first_forward = self._first_forward.later(seconds)

    def _cost_done(self) -> float:
        costs = self.work.costs
        return self._cost + sum(costs[index] * share for index, share in self._shares.items())

    @property
    def rows(self) -> int:
        """Denoiser rows that are done."""
        rows = self.work.rows
        under_way = sum(rows[index] * share for index, share in self._shares.items())
        return round(self._rows + under_way)

    @property
    def share(self) -> float:
        """The part of the work that is done, 0 to 1."""
        if not self._total_cost:
            return 1.0
        return min(self._cost_done() / self._total_cost, 1.0)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began, loading included."""
        return self._now() - self._began

    @property
    def left(self) -> float | None:
        """Seconds until everything is done; None if nothing is known about it yet."""
        cost_left = self._total_cost * (1 - self.share)
        first, last = self._first_forward, self._last_round
        if first and last and last.time > first.time:
            cost = last.cost - first.cost
            return cost_left * (last.time - first.time) / cost if cost > 0 else None
        # the plan is of one device
        return cost_left / max(1, self.workers.working) if self.work.in_seconds else None

    def counts(self, unit: str = "pictures") -> str:
        """How much is done of how much, for people."""
        text = f"{_of(self.finished, self.total)} {unit}"
        if self.failed:
            text += f", {self.failed:,} failed"
        if self.work.of_pictures:
            text += f", {_of(self.rows, self._total_rows)} rows"
        return text

    def left_text(self) -> str:
        """The time left, for people.

        It is empty if nothing is known about it, and if all rows are done and pictures are only
        decoded.
        """
        if self.left is None or self.share == 1:
            return ""
        return f"about {duration(self.left)} left"


def _of(done: int, total: int | None) -> str:
    """How much is done of how much, as far as that is known."""
    return f"{done:,}" if total is None else f"{done:,}/{total:,}"
