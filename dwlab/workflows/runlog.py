"""The log that a run leaves beside its results: when it began, what failed, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..events import Download, Downloading, Failed
from ..runs.eta import Pace
from ..store.store import now

if TYPE_CHECKING:
    from pathlib import Path

    from ..events import Event
    from ..runs.outcome import Outcome

EVERY = 30.0  # seconds between lines of progress


class RunLog:
    """Appends lines to a file, which is made with the first line."""

    def __init__(self, path: Path):
        self.path = path
        self._pace = Pace(0)
        self._last = 0.0
        self._fetching: set[str] = set()

    def line(self, text: str) -> None:
        """Write one line with the time; line breaks in `text` are kept from breaking the log."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.is_symlink():  # appending would follow it
            self.path.unlink()
        with self.path.open("a", encoding="utf-8") as log:
            log.write(f"{now()} {' '.join(text.split())}\n")

    def start(self, total: int, pace: Pace) -> None:
        """Say how much there is to do; pace: of what is to be made, not told of any event yet."""
        self._pace = pace
        self.line(f"start: {total} cells, {pace.total} to do")

    def event(self, event: Event) -> None:
        """Note failures at once, and progress now and then."""
        if isinstance(event, Downloading):
            self._note_download(event.download)
        self._pace.update(event)
        if isinstance(event, Failed):
            self.line(f"{event.status}: cell {event.index}: {event.error}")
        if self._pace.elapsed - self._last > EVERY:
            self._last = self._pace.elapsed
            left = self._pace.left_text()
            self.line(f"progress: {self._pace.counts()}{f', {left}' if left else ''}")

    def _note_download(self, download: Download) -> None:
        """Note the beginning and the end of a download."""
        if download.over or download.model not in self._fetching:
            self._fetching.add(download.model)
            self.line(f"download: {download.model}: {download}")

    def end(self, outcome: Outcome) -> None:
        """Say how it ended."""
        if outcome.warning:
            self.line(f"warning: {outcome.warning}")
        self.line(
            f"end: {outcome.made} made, {outcome.reused} reused, {outcome.failed} failed, {outcome.left} not reached"
        )
