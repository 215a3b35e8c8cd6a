"""How far a sweep or a benchmark is: one bar on a terminal, a sparse line in a log."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self, TextIO

from .durations import clock

if TYPE_CHECKING:
    from types import TracebackType

    from .events import Event


class Progress:
    """Listens to a run's events: `with Progress(48) as progress: ... progress.update(event)`.

    On a terminal it draws one bar with an estimate of the time left; elsewhere it writes a line at
    most every `every` seconds, and one at the end. The steps of unfinished pictures count as fractions.
    """

    def __init__(self, total: int, *, stream: TextIO | None = None, every: float = 10.0, unit: str = "pictures"):
        self.total, self.every, self.unit = total, every, unit
        self.finished = self.failed = 0
        self._stream = stream or sys.stderr
        self._under_way: dict[int, float] = {}
        self._bar: Any = None
        self._began = self._wrote = time.monotonic()

    def __enter__(self) -> Self:
        self._began = self._wrote = time.monotonic()
        if self._stream.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                total=self.total,
                file=self._stream,
                dynamic_ncols=True,
                smoothing=0.1,
                bar_format="{percentage:3.0f}% {bar} {postfix}  {elapsed}, {remaining} left",
            )
            self._bar.set_postfix_str(self._counts(), refresh=True)
        return self

    def update(self, event: Event) -> None:
        """Take one event in; draws or writes only as often as is readable."""
        if event.kind in ("done", "failed"):
            self._under_way.pop(event.index, None)
            self.finished += 1
            self.failed += event.kind == "failed"
        elif event.kind == "step":
            self._under_way[event.index] = min(event.step / event.steps, 1.0) if event.steps else 0.0
        if self._bar is not None:
            self._bar.set_postfix_str(self._counts(), refresh=False)
            self._bar.update(self.amount - self._bar.n)
        elif time.monotonic() - self._wrote >= self.every:
            self._write(self._left())

    @property
    def amount(self) -> float:
        """Pictures done so far, the unfinished ones as fractions; never above the total."""
        return min(self.finished + sum(self._under_way.values()), float(self.total))

    @property
    def share(self) -> float:
        """The part of the work that is done, 0..1."""
        return self.amount / self.total if self.total else 1.0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.refresh()
            self._bar.close()
        else:
            self._write("stopped" if kind else "finished")

    def _counts(self) -> str:
        failed = f", {self.failed:,} failed" if self.failed else ""
        return f"{self.finished:,}/{self.total:,} {self.unit}{failed}"

    def _left(self) -> str:
        if not self.share:
            return "estimate to come"
        return f"about {clock((time.monotonic() - self._began) * (1 - self.share) / self.share)} left"

    def _write(self, ending: str) -> None:
        self._wrote = time.monotonic()
        percent = 100 * self.share
        elapsed = clock(self._wrote - self._began)
        self._stream.write(f"{self._counts()} ({percent:.0f}%), {elapsed} elapsed, {ending}\n")
        self._stream.flush()
