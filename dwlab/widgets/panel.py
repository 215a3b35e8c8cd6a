"""The shared base of the panels that run something: buttons, a bar, a status line, a thread."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets as widgets

from .._util.durations import duration
from ..errors import DwlabError
from ..runs.eta import Pace
from ..views.design import style_of
from .heartbeat import HeartbeatLine, connect
from .saved_state import SavedState

if TYPE_CHECKING:
    from ..runs.work import Work

log = logging.getLogger(__name__)
STYLE = style_of(Path(__file__).parent / "panel.css")
# The labels stand in a column of this width; panel.css indents what has none.
LABELLED = {"style": {"description_width": "120px"}, "layout": {"width": "auto"}}


@dataclass(frozen=True)
class Ending:
    """How a run ended: an HTML text, and the bar's style (success, warning or danger)."""

    html: str
    tone: str


class RunPanel(widgets.VBox):
    """A panel with a Run button. Subclasses say what it runs, in `_compute`.

    The run has a thread of its own, because a page's messages, such as Cancel, wait while the
    kernel runs a cell. root: the results folder. name: under which the panel's state is saved.
    unit: what is counted during a run. run_tip, cancel_tip: the tooltips of the buttons.
    """

    def __init__(self, root: Path, name: str, *, unit: str, run_tip: str, cancel_tip: str) -> None:
        super().__init__()
        self.root = root
        self._unit = unit
        self._saved = SavedState(root, name)
        self._cancel = threading.Event()
        self._ended = threading.Event()
        self._worker: threading.Thread | None = None
        self._pace = Pace(0)
        self.status = widgets.HTML()
        self.bar = widgets.FloatProgress(max=1.0, layout={"width": "auto", "flex": "1 1 200px"})
        self.run_button = widgets.Button(
            description="Run", button_style="primary", icon="play", tooltip=run_tip
        )
        self.cancel_button = widgets.Button(
            description="Cancel", icon="stop", tooltip=cancel_tip, disabled=True
        )
        self.run_button.on_click(lambda _: self.start())
        self.cancel_button.on_click(lambda _: self.cancel())
        buttons = [self.run_button, self.cancel_button, self.bar]
        self._buttons = widgets.HBox(buttons).add_class("dwlab-buttons")
        self.add_class("dw").add_class("dwlab-panel")

    def _lay_out(self, *content: widgets.Widget) -> None:
        """Put the panel together, and connect it with its pages."""
        style = widgets.HTML(f"<style>{STYLE}</style>")
        self.children = (style, HeartbeatLine(), *content)
        connect(self)

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._worker is not None

    def start(self) -> None:
        """Run what the panel shows; does nothing during a run."""
        if self.running:
            return
        self._cancel.clear()
        self._ended.clear()
        self.run_button.disabled = True
        self.cancel_button.disabled = False
        self.bar.bar_style = ""
        self.bar.value = 0.0
        self._say("Starting &hellip;")
        self._worker = threading.Thread(target=self._work, name="dwlab-panel", daemon=True)
        self._worker.start()

    def cancel(self) -> None:
        """Stop the run soon; what is finished is kept."""
        self._cancel.set()
        self.cancel_button.disabled = True
        self._say("Stopping &hellip;")

    def _work(self) -> None:
        ending = Ending("<b>Stopped</b> by the error above. What was finished is kept.", "danger")
        try:
            ending = self._compute()
        except Exception as error:
            if not isinstance(error, DwlabError | OSError):
                log.exception("the run of a panel ended unexpectedly")
            self._complain(error)
        finally:
            # Whatever happened, Run can be pressed again.
            self._ended.set()
            self._allow_run()
            self.bar.bar_style = ending.tone
            self._say(ending.html)
        self._after_run(ending)

    def _compute(self) -> Ending:
        """Do the work; runs on the panel's thread."""
        raise NotImplementedError

    def _complain(self, error: Exception) -> None:
        """Show an error."""
        raise NotImplementedError

    def _allow_run(self) -> None:
        """End the state of running."""
        self._worker = None
        self.cancel_button.disabled = True
        self.run_button.disabled = False

    def _after_run(self, ending: Ending) -> None:
        """Update what the run has changed."""

    def _begin_progress(self, todo: Work | int) -> None:
        self._pace = Pace(todo)

    def _show_progress(self) -> None:
        """Show how far the run is."""
        pace = self._pace
        texts = (pace.counts(self._unit), f"{duration(pace.elapsed)} so far", pace.left_text())
        self.bar.value = pace.share
        self._say(" &middot; ".join(text for text in texts if text))

    def _say(self, text: str) -> None:
        """Show HTML in the status line."""
        self.status.value = f'<div class="dwlab-status" role="status">{text}</div>'
