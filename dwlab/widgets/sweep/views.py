"""The views of the sweep panel: what a sweep has made so far, drawn again while it runs."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

import ipywidgets as widgets

from ..._util.checks import is_whole_number
from ...errors import DwlabError
from ...runs.results import Results
from ..field_errors import message_html
from ..saved_state import SavedState
from ..viewer import NO_PICTURES, ViewerWidget
from .plots import plots_html
from .table_widget import TableWidget

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ...runs.eta import Pace
    from ..explore.explorer import Explorer

log = logging.getLogger(__name__)
TITLES = ("Pictures", "Table", "Charts")
PAINT_EVERY = 2.0  # seconds between two paintings, at least
REST = 4  # times as long as a painting took


class SweepViews(widgets.Tab):
    """A tab per view of the sweep `sweep_name`; the open one is drawn from what the store holds.

    bench: returns the prompt bench of this kernel, or None.
    """

    def __init__(self, root: Path, bench: Callable[[], Explorer | None] = lambda: None) -> None:
        self._viewer = ViewerWidget(root, bench).add_class("dwlab-view")
        self._table = TableWidget(root, bench).add_class("dwlab-view")
        self._charts = widgets.HTML("Drawing …").add_class("dwlab-view")
        children = [self._viewer, self._table, self._charts]
        super().__init__(children, titles=TITLES, selected_index=0)
        self._saved = SavedState(root, "sweep views")
        self.selected_index = self._kept_index()
        self.sweep_name = ""
        self._root = root
        self._painting = threading.Lock()
        self.observe(self._opened, "selected_index")

    def show(self, sweep_name: str) -> None:
        """Show another sweep."""
        self.sweep_name = sweep_name
        self.paint()

    def paint(self) -> None:
        """Draw the open view, or say in its place why that is not possible."""
        with self._painting:
            index = self.selected_index or 0
            try:
                self._draw(index)
            except Exception as error:
                if not isinstance(error, DwlabError | OSError):
                    log.exception("a view could not be drawn")
                self._complain(index, error)

    def _draw(self, index: int) -> None:
        view = self.children[index]
        if isinstance(view, ViewerWidget):
            view.show(self.sweep_name)
            return
        table = Results(self._root).find(self.sweep_name)
        if table is None or table.empty:
            view.value = f"<p>{NO_PICTURES}</p>"
        else:
            view.value = plots_html(table)

    def _complain(self, index: int, error: Exception) -> None:
        view = self.children[index]
        if isinstance(view, ViewerWidget):
            view.say(str(error))
        else:
            view.value = message_html(error)

    def _kept_index(self) -> int:
        """The view that was open before the kernel restarted."""
        index = self._saved.load().get("open")
        return index if is_whole_number(index) and 0 <= index < len(TITLES) else 0

    def start_painting(self, pace: Pace, *, until: threading.Event) -> None:
        """Draw the open view again and again, on a thread, as pictures are finished."""
        thread = threading.Thread(
            target=self._keep_painting, args=(pace, until), name="dwlab-painter", daemon=True
        )
        thread.start()

    def _keep_painting(self, pace: Pace, until: threading.Event) -> None:
        pause = PAINT_EVERY
        painted = 0  # finished pictures
        while not until.wait(pause):
            if pace.finished == painted:
                continue
            painted = pace.finished
            began = time.monotonic()
            self.paint()
            pause = max(PAINT_EVERY, REST * (time.monotonic() - began))

    def _opened(self, _change: object) -> None:
        self._saved.save({"open": self.selected_index})
        threading.Thread(target=self.paint, daemon=True).start()
