"""A run of a panel: on a thread of its own, with a way to stop it, and shown on its page."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.durations import duration
from ..errors import DwlabError
from ..runs.eta import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import Event
    from ..runs.work import Work
    from .run_page import RunPage

log = logging.getLogger(__name__)
TELL_EVERY = 0.2  # seconds between two moves of the progress bar


@dataclass(frozen=True)
class Ending:
    """How a run ended: a text, the tone of the bar (success, warning or danger), and a remark."""

    text: str
    tone: str
    note: str = ""


class PanelRun:
    """Runs what a panel computes.

    A thread of its own, because a page's messages, such as Cancel, wait while the kernel runs a
    cell. page: shows the run in its trait `run`. unit: what is counted. compute: does the work.
    complain: shows an error. after: updates what the run has changed.
    """

    def __init__(
        self,
        page: RunPage,
        unit: str,
        *,
        compute: Callable[[], Ending],
        complain: Callable[[Exception], None],
        after: Callable[[Ending], None],
    ) -> None:
        self._page = page
        self._unit = unit
        self._compute = compute
        self._complain = complain
        self._after = after
        self.cancelled = threading.Event()
        self.ended = threading.Event()
        self.worker: threading.Thread | None = None
        self.pace = Pace(0)
        self._told = 0.0
        self._showing = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self.worker is not None

    def start(self) -> None:
        """Run what the panel shows; does nothing during a run."""
        if self.running:
            return
        self.cancelled.clear()
        self.ended.clear()
        self._page.run = {"running": True, "share": 0.0, "text": "Starting …"}
        self.worker = threading.Thread(target=self._work, name="dwlab-panel", daemon=True)
        self.worker.start()

    def cancel(self, text: str) -> None:
        """Stop the run soon; what is finished is kept. text: what the page says meanwhile."""
        if self.running and not self.cancelled.is_set():
            self.cancelled.set()
            self._show(stopping=True, text=text)

    def _work(self) -> None:
        ending = Ending("Stopped by the error above. What was finished is kept.", "danger")
        try:
            ending = self._compute()
        except Exception as error:
            if not isinstance(error, DwlabError | OSError):
                log.exception("the run of a panel ended unexpectedly")
            self._complain(error)
        finally:
            # whatever happened, Run can be pressed again
            self.ended.set()
            self.worker = None
            self._show(
                running=False,
                stopping=False,
                text=ending.text,
                tone=ending.tone,
                note=ending.note,
            )
        self._after(ending)

    def begin(self, todo: Work | int, text: str) -> None:
        """Begin to count what is done."""
        self.pace = Pace(todo)
        self.say(text)

    def tell(self, event: Event, at_end: str) -> None:
        """Take in an event; called many times per second. at_end: said when all is finished."""
        self.pace.update(event)
        if self.cancelled.is_set() or not self.pace.share:
            return
        is_finished = self.pace.finished == self.pace.total
        if time.monotonic() - self._told < TELL_EVERY and not is_finished:
            return
        self._told = time.monotonic()
        self._show(share=self.pace.share, text=at_end if is_finished else self._progress())

    def _progress(self) -> str:
        pace = self.pace
        texts = (pace.counts(self._unit), f"{duration(pace.elapsed)} so far", pace.left_text())
        return " · ".join(text for text in texts if text)

    def say(self, text: str, share: float | None = None) -> None:
        """Show a text in the line of the run, and a share of the bar if it is given."""
        if share is None:
            self._show(text=text)
        else:
            self._show(text=text, share=share)

    def _show(self, **news: object) -> None:
        # news of two threads must not undo each other
        with self._showing:
            self._page.run = {**self._page.run, **news}
