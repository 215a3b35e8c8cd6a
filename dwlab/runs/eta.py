"""How far a run is, and how long the rest takes: the one estimate for bars, panels, logs and the server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .._util.durations import duration
from ..events import Done, Downloading, Failed, Started, Step
from .work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import Event


class Pace:
    """Listens to a run's events and tells how far it is: in pictures, in rows of the denoiser, and in time.

    todo: the pictures that are to be made, or a number of equal things. Time is measured from the end of the first forward, because
    loading and warming up say nothing of the rest; before that the estimate is the plan's, if it has one. Pictures that share
    forwards take their steps in bursts: only whole rounds, in which each picture took a step, are measured.
    """

    def __init__(self, todo: Work | int, *, now: Callable[[], float] = time.monotonic):
        self.work = Work.equal(todo) if isinstance(todo, int) else todo
        self.total = len(self.work.rows)
        self.finished = self.failed = 0
        self._now = now
        self._began = now()
        self._shares: dict[int, float] = {}  # of the pictures under way, 0..1
        self._cost, self._whole = (
            0.0,
            sum(self.work.costs.values()),
        )  # of finished pictures, and of all
        self._rows = 0  # of finished pictures
        self._round: set[int] = set()  # who took a step in this one
        self._last = self._began
        self._first_mark: tuple[float, float] | None = (
            None  # time and cost when the first forward was over
        )
        self._mark: tuple[float, float] | None = None  # and at the end of the last whole round

    def update(self, event: Event) -> None:
        """Take one event in."""
        if isinstance(event, Downloading):
            return
        now = self._now()
        if isinstance(event, Started) and not self._shares:
            self._pause(now - self._last)  # until then a model was loading
        if event.index in self._round:
            self._end_round()
        self._round.add(event.index)
        self._last = now
        if isinstance(event, Done | Failed):
            self._shares.pop(event.index, None)
            self._cost += self.work.costs[event.index]
            self._rows += self.work.rows[event.index]
            self.finished += 1
            self.failed += isinstance(event, Failed)
        elif isinstance(event, Step):
            self._shares[event.index] = min(event.step / event.steps, 1.0)
        else:
            self._shares[event.index] = 0.0

    def _end_round(self) -> None:
        self._mark = (self._last, self._done)
        if self._first_mark is None and self._mark[1] > 0:
            self._first_mark = self._mark
        self._round.clear()

    def _pause(self, seconds: float) -> None:
        """Leave out a time in which no picture was under way."""
        if self._mark and self._first_mark:
            self._mark = (self._mark[0] + seconds, self._mark[1])
            self._first_mark = (self._first_mark[0] + seconds, self._first_mark[1])

    @property
    def _done(self) -> float:
        return self._cost + sum(
            self.work.costs[index] * share for index, share in self._shares.items()
        )

    @property
    def rows(self) -> int:
        """Rows of the denoiser that are done."""
        return round(
            self._rows + sum(self.work.rows[index] * share for index, share in self._shares.items())
        )

    @property
    def share(self) -> float:
        """The part of the work that is done, 0..1."""
        return min(self._done / self._whole, 1.0) if self._whole else 1.0

    @property
    def elapsed(self) -> float:
        """Seconds since the run began, loading included."""
        return self._now() - self._began

    @property
    def left(self) -> float | None:
        """Seconds until all is done; None if nothing is known of that yet."""
        rest = self._whole * (1 - self.share)
        if self._mark and self._first_mark and self._mark[0] > self._first_mark[0]:
            took = self._mark[0] - self._first_mark[0]
            made = self._mark[1] - self._first_mark[1]
            return rest * took / made if made > 0 else None
        return rest if self.work.in_seconds else None

    def counts(self, unit: str = "pictures") -> str:
        """How much is done of how much, for people."""
        failed = f", {self.failed:,} failed" if self.failed else ""
        rows = (
            f", {self.rows:,}/{sum(self.work.rows.values()):,} rows"
            if self.work.of_pictures
            else ""
        )
        return f"{self.finished:,}/{self.total:,} {unit}{failed}{rows}"

    def left_text(self) -> str:
        """The time left, for people; empty if nothing is known of it, or if all rows are done and pictures are only decoded."""
        return "" if self.left is None or self.share == 1 else f"about {duration(self.left)} left"
