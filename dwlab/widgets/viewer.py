"""The viewer of a sweep in a notebook: the page of `viewer.html`, fed from the results folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ..errors import DwlabError
from ..metrics.measures import STARS
from ..runs.results import Results
from ..views.report.python_recipe import recipe
from ..views.scripts import joined
from ..views.viewer.command import command
from ..views.viewer.document import document
from ..views.viewer.page import VIEWER_SCRIPT, VIEWER_STYLE, picture_bytes
from ..views.viewer.sheets import sheet, sheet_count, thumbnail_side
from ..workflows.explore import give_mark
from .saved_state import SavedState

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..runs.table import Table
    from .explore.explorer import Explorer

HERE = Path(__file__).parent
STATE_LIMIT = 20_000  # characters that a page may leave as its state
NO_PICTURES = "No pictures yet."


class ViewerWidget(anywidget.AnyWidget):
    """Shows one experiment of the results folder `root` at a time.

    bench: returns the prompt bench of this kernel, or None. What a page has chosen is kept beside
    the results, so that a reload, another page and another kernel show the same.
    """

    _esm = VIEWER_SCRIPT + joined(HERE, ["requests", "viewer_source", "viewer"])
    _css = VIEWER_STYLE
    # under which its state is kept, together with the experiment's name
    _kept_as = "viewer"
    # Names, axes, fields and cells; empty if there is nothing to show.
    document = traitlets.Dict().tag(sync=True)
    # Why there is nothing to show.
    message = traitlets.Unicode(NO_PICTURES).tag(sync=True)
    # What is chosen, as the text of a link.
    state = traitlets.Unicode().tag(sync=True)

    def __init__(self, root: Path, bench: Callable[[], Explorer | None] = lambda: None) -> None:
        super().__init__()
        self.root = root
        self._bench = bench
        self._name = ""
        self._table: Table | None = None
        self._saved = SavedState(root, self._kept_as)
        self.observe(self._keep_state, "state")
        self.on_msg(lambda _widget, content, _buffers: self._receive(content))

    def __repr__(self) -> str:
        return f"ViewerWidget({self._name!r})"

    def show(self, name: str) -> None:
        """Show an experiment as the results folder has it now."""
        table = Results(self.root).find(name)
        if name != self._name:
            self._name = name
            state = SavedState(self.root, f"{self._kept_as} {name}")
            self._saved = state
            self.state = str(state.load().get("state", ""))[:STATE_LIMIT]
        if table is None or table.empty:
            self.say(NO_PICTURES)
            return
        self._table = table
        self.document = document(table, name)
        self.message = ""

    def say(self, text: str) -> None:
        """Show a text instead of pictures."""
        self._table = None
        self.document = {}
        self.message = text

    def _keep_state(self, _change: object) -> None:
        if self._name and len(self.state) <= STATE_LIMIT:
            self._saved.save({"state": self.state})

    # -- what a page asks for ------------------------------------------------------------------

    def _receive(self, content: dict[str, Any]) -> None:
        """Answer a message of a page, {"ask": action, "request": id, ...}."""
        if "ask" not in content or self._table is None:
            return
        arguments = dict(content)
        action = arguments.pop("ask")
        request = arguments.pop("request")
        actions: dict[str, Callable[..., tuple[dict[str, Any], bytes]]] = {
            "sheet": self._sheet,
            "full": self._full,
            "recipe": self._recipe,
            "use": self._use,
            "stars": self._stars,
        }
        try:
            answer, data = actions[action](self._table, **arguments)
        except (DwlabError, OSError) as error:
            answer, data = {"text": str(error)}, b""
        self.send({"answer": request, **answer}, [data])

    def _sheet(self, table: Table, number: int) -> tuple[dict[str, Any], bytes]:
        if not 0 <= number < sheet_count(len(table)):
            return {"sizes": []}, b""
        made = sheet(table, number, thumbnail_side(len(table)))
        return {"sizes": made.sizes}, made.data

    def _full(self, table: Table, key: str) -> tuple[dict[str, Any], bytes]:
        return {}, picture_bytes(self.root, self._row(table, key).get("image"))

    def _recipe(self, table: Table, key: str) -> tuple[dict[str, Any], bytes]:
        row = self._row(table, key)
        return {"recipe": recipe(row), "command": command(row)}, b""

    def _use(self, table: Table, how: str, key: str) -> tuple[dict[str, Any], bytes]:
        """Open a picture in the prompt bench, or start from it; the text is empty without one."""
        bench = self._bench()
        image = self._row(table, key).get("image")
        data = picture_bytes(self.root, image)
        if bench is None or not data:
            return {"text": ""}, b""
        if how == "start":
            bench.start_picture.use_path(self.root / str(image))
            return {"text": "The prompt bench starts from this picture."}, b""
        bench.drop(data)
        return {"text": "The recipe is in the prompt bench."}, b""

    def _stars(self, table: Table, key: str, stars: int) -> tuple[dict[str, Any], bytes]:
        """Give a picture 1 to 5 stars, or take them back (0)."""
        if not self._row(table, key):
            return {"text": "This picture is no longer there."}, b""
        give_mark(self.root, key, STARS, stars)
        self.show(self._name)
        return {"text": f"Stars of this picture: {stars or 'none'}."}, b""

    @staticmethod
    def _row(table: Table, key: str) -> dict[Any, Any]:
        """The row of a key; an empty one for a key that is not in the table."""
        rows = table[table["key"] == key].to_dict("records")
        return rows[0] if rows else {}
