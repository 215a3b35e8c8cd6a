"""The table of a sweep in a notebook, which sorts and filters: fed like the viewer."""

from __future__ import annotations

from pathlib import Path

from ...views.scripts import ELEMENTS, joined
from ...views.viewer import page as viewer_page
from ..run_page import STYLE
from ..viewer import HERE as WIDGETS
from ..viewer import ViewerWidget

# of the viewer: what cells are, how they are filtered and ordered, and where their pictures are
SHARED = ("cells", "query", "arrangement", "sheets", "picture")


class TableWidget(ViewerWidget):
    """Shows one experiment of the results folder `root` at a time, a row per picture."""

    _esm = (
        ELEMENTS
        + joined(viewer_page.HERE, SHARED)
        + joined(WIDGETS, ["requests", "viewer_source"])
        + joined(Path(__file__).parent, ["table"])
    )
    _css = STYLE
    _kept_as = "table"

    def __repr__(self) -> str:
        return f"TableWidget({self._name!r})"
