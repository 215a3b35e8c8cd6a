"""How far a sweep or a benchmark is: one bar on a terminal, a sparse line in a log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self, TextIO

from .._util.durations import duration
from .._util.terminal import bar_size

if TYPE_CHECKING:
    from types import TracebackType

    from ..events import Event
    from ..runs.eta import Pace


class Progress:
    """Listens to a run's events: `with Progress(Pace(48)) as progress: ... progress.update(event)`.

    On a terminal it draws one bar with an estimate of the time left; elsewhere it writes a line at
    most every `every` seconds, and one at the end.
    """

    def __init__(
        self,
        pace: Pace,
        *,
        stream: TextIO | None = None,
        every: float = 10.0,
        unit: str = "pictures",
    ):
        self.pace = pace
        self.every = every
        self.unit = unit
        self._stream = stream or sys.stderr
        self._bar: Any = None
        self._wrote = pace.elapsed

    def __enter__(self) -> Self:
        if self._stream.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                total=1.0,
                file=self._stream,
                desc=self._line(self.pace.left_text()),
                **bar_size(self._stream),
                # tqdm would put a comma before {postfix}
                bar_format="{percentage:3.0f}% {bar} {desc}",
            )
        return self

    def update(self, event: Event) -> None:
        """Take an event; draws or writes only as often as people can read."""
        self.pace.update(event)
        if self._bar is not None:
            self._bar.set_description_str(self._line(self.pace.left_text()), refresh=False)
            self._bar.update(self.pace.share - self._bar.n)
        elif self.pace.elapsed - self._wrote >= self.every:
            self._write(self.pace.left_text())

    def note(self, text: str) -> None:
        """Say what is done after the last event, in place of the time left."""
        if self._bar is not None:
            self._bar.set_description_str(self._line(text), refresh=True)
        elif self.pace.elapsed - self._wrote >= self.every:
            self._write(text)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        ending = "stopped" if kind else "finished"
        if self._bar is None:
            self._write(ending)
        else:
            self._bar.set_description_str(self._line(ending), refresh=True)
            self._bar.close()

    def _line(self, ending: str) -> str:
        parts = (
            self.pace.counts(self.unit),
            f"{duration(self.pace.elapsed)} elapsed",
            ending,
            self.pace.workers.text(),
        )
        return ", ".join(part for part in parts if part)

    def _write(self, ending: str) -> None:
        self._wrote = self.pace.elapsed
        self._stream.write(f"{100 * self.pace.share:.0f}%: {self._line(ending)}\n")
        self._stream.flush()
