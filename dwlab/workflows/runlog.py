"""The log of a run, `run.log` beside its results: when it began, what failed, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._util.timestamp import now
from ..events import Connected, Download, Downloading, Failed, Loaded, WorkerChanged
from ..runs.eta import Pace

if TYPE_CHECKING:
    from pathlib import Path

    from ..events import Event
    from ..runs.outcome import Outcome

PROGRESS_EVERY = 30.0  # seconds


class RunLog:
    """Appends lines to a file, which is created with the first line."""

    def __init__(self, path: Path):
        self.path = path
        self._pace = Pace(0)
        self._last_progress = 0.0
        self._downloading: set[str] = set()
        self._joined: set[str] = set()

    def line(self, text: str) -> None:
        """Write one line with the time; line breaks in `text` become spaces."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # appending to a symbolic link would write to the file it points at
        if self.path.is_symlink():
            self.path.unlink()
        with self.path.open("a", encoding="utf-8") as log:
            log.write(f"{now()} {' '.join(text.split())}\n")

    def start(self, total: int, pace: Pace) -> None:
        """Write how much there is to do. pace: fresh, of the cells that are not in the store."""
        self._pace = pace
        to_do = "a search chooses" if pace.total is None else f"{pace.total} to do"
        self.line(f"start: {total} cells, {to_do}")

    def warn(self, text: str) -> None:
        """Write a warning."""
        self.line(f"warning: {text}")

    def event(self, event: Event) -> None:
        """Write failures, loaded models, and workers that come or go at once, downloads when they begin and end, and progress now and then."""
        self._pace.update(event)
        match event:
            case Downloading():
                self._download(event.download)
            case Loaded():
                memory = f" ({event.memory})" if event.memory else ""
                self.line(f"loaded: {event.params.model} in {event.seconds:.1f} s{memory}")
            case Connected():
                dashboard = f", dashboard {event.dashboard}" if event.dashboard else ""
                self.line(f"connected: {event.where}{dashboard}")
            case WorkerChanged():
                self._worker(event)
            case Failed():
                self.line(f"{event.status}: cell {event.index}: {event.error}")
        if self._pace.elapsed - self._last_progress > PROGRESS_EVERY:
            self._progress()

    def _download(self, download: Download) -> None:
        is_new = download.model not in self._downloading
        if is_new or download.over:
            self._downloading.add(download.model)
            self.line(f"download: {download.model}: {download}")

    def _worker(self, event: WorkerChanged) -> None:
        if event.state in ("left", "refused"):
            self._joined.discard(event.worker)
            self.line(f"worker {event.worker} {event.state}: {event.reason}")
        elif event.worker not in self._joined:
            self._joined.add(event.worker)
            self.line(f"worker {event.worker} joined: {event.device} of {event.machine}")

    def _progress(self) -> None:
        self._last_progress = self._pace.elapsed
        parts = [self._pace.counts(), self._pace.left_text(), self._pace.workers.text()]
        self.line(f"progress: {', '.join(part for part in parts if part)}")

    def end(self, outcome: Outcome) -> None:
        """Write how the run ended."""
        if outcome.warning:
            self.warn(outcome.warning)
        self.line(
            f"end: {outcome.made} made, {outcome.reused} reused, "
            f"{outcome.failed} failed, {outcome.left} not reached"
        )
