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
from ..small_pictures import image_html
from .answer import words_html
from .files import files_html, files_of
from .grid import small_grid
from .plots import plots_html
from .table import thumbnails_html

if TYPE_CHECKING:
    from pathlib import Path

    from ...runs.eta import Pace

log = logging.getLogger(__name__)
TITLES = ("Grid", "Table", "Plots", "Files")
PAINT_EVERY = 2.0  # seconds between two paintings, at least
REST = 4  # times as long as a painting took


class AnswerPart(widgets.HTML):
    """What the pictures of a sweep say of its settings, in words; empty until they say something."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.add_class("dwlab-view")
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
    """A tab per view of the sweep `sweep_name`; the open one is drawn from what the store holds."""

    def __init__(self, root: Path) -> None:
        pages = [widgets.HTML("Drawing &hellip;").add_class("dwlab-view") for _ in TITLES]
        super().__init__(pages, titles=TITLES, selected_index=0)
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
                text = _view_html(TITLES[index], self._root, self.sweep_name)
            except Exception as error:
                if not isinstance(error, DwlabError | OSError):
                    log.exception("a view could not be drawn")
                text = message_html(error)
            self.children[index].value = text

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
        return "No pictures yet."
    if title == "Grid":
        description = f"the pictures of {sweep_name} in rows and columns"
        return image_html(small_grid(table), description)
    if title == "Table":
        return thumbnails_html(table)
    if title == "Plots":
        return plots_html(table)
    return files_html(files_of(root, sweep_name))
