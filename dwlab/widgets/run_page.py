"""The shared base of the pages that run something: what a page shows of a run, and what it asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ..views.design import style_of
from ..views.scripts import ELEMENTS, joined
from .heartbeat import SCRIPT
from .small_pictures import THEMED_STYLE

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parent
SHARED_SCRIPTS = ("panel_page", "run_bar", "plan_view", "file_links")
STYLE = style_of(HERE / "panel.css", THEMED_STYLE)


def synced_map() -> Any:
    """A trait that the kernel and the pages share: a map."""
    return traitlets.Dict().tag(sync=True)


def synced_list() -> Any:
    """A trait that the kernel and the pages share: a list."""
    return traitlets.List().tag(sync=True)


def page_script(folder: Path, names: Iterable[str]) -> str:
    """The script of a page: what all pages have, then its own files."""
    return SCRIPT + ELEMENTS + joined(HERE, SHARED_SCRIPTS) + joined(folder, names)


class RunPage(anywidget.AnyWidget):
    """A page with a Run button. What a page asks for arrives as {"do": action, ...}."""

    _css = STYLE
    # Of a run: running, stopping, share, text, tone (success, warning, danger), note.
    run = synced_map()
    # Kind, path, and the address below Jupyter's /files/ of each file that was written.
    files = synced_list()
