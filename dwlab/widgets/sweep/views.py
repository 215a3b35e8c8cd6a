"""The views of the sweep panel: what a sweep has made so far, drawn again while it runs."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

import ipywidgets as widgets

from ...errors import DwlabError
from ...runs.results import Results
from ..field_errors import message_html
from ..viewer import NO_PICTURES, ViewerWidget
from .answer import words_html
from .files import files_html, files_of
from .plots import plots_html
from .table import thumbnails_html

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ...runs.eta import Pace
    from ..explore.explorer import Explorer

log = logging.getLogger(__name__)
TITLES = ("Grid", "Table", "Plots", "Files")
PAINT_EVERY = 2.0  # seconds between two paintings, at least
REST = 4  # times as long as a painting took


class AnswerPart(widgets.HTML):
    """What the pictures of a sweep say of its settings, in words; empty until they say something."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.add_class("dwlab-answer")
        self._root = root

    def show(self, sweep_name: str) -> None:
        """Show what the store holds of a sweep now."""
        try:
            table = Results(self._root).find(sweep_name)
            self.value = "" if table is None or table.empty else words_html(table)
        except (DwlabError, OSError):
            # the views below say what is wrong
            self.value = ""


class SweepViews(widgets.Tab):
    """A tab per view of the sweep `sweep_name`; the open one is drawn from what the store holds.

    bench: returns the prompt bench of this kernel, or None.
    """

    def __init__(self, root: Path, bench: Callable[[], Explorer | None] = lambda: None) -> None:
        self._viewer = ViewerWidget(root, bench).add_class("dwlab-view")
        pages = [widgets.HTML("Drawing &hellip;").add_class("dwlab-view") for _ in TITLES[1:]]
        super().__init__([self._viewer, *pages], titles=TITLES, selected_index=0)
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
        if self.children[index] is self._viewer:
            self._viewer.show(self.sweep_name)
        else:
            text = _view_html(TITLES[index], self._root, self.sweep_name)
            self.children[index].value = text

    def _complain(self, index: int, error: Exception) -> None:
        if self.children[index] is self._viewer:
            self._viewer.say(str(error))
        else:
            self.children[index].value = message_html(error)

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
        threading.Thread(target=self.paint, daemon=True).start()


def _view_html(title: str, root: Path, sweep_name: str) -> str:
    table = Results(root).find(sweep_name)
    if table is None or table.empty:
        return NO_PICTURES
    if title == "Table":
        return thumbnails_html(table)
    if title == "Plots":
        return plots_html(table)
    return files_html(files_of(root, sweep_name))
