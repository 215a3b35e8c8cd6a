"""What a page asks about a picture of the bench: its file, its recipe, its command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...errors import DwlabError
from ...spec.inputs import PICTURES, stored_path
from ...spec.names import LISTS, MAPS, PARTS
from ...spec.table_columns import COLUMN_NAMES
from ...views.report.python_recipe import recipe
from ...views.viewer.command import command
from ...workflows.certificate.stored_cells import stored_cells

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from ...workflows.certificate.stored_cells import StoredCell
    from .explorer import Explorer


class PictureAnswers:
    """Answers questions of pages, {"ask": subject, "request": id, "key": of a picture}.

    An answer is {"answer": id, ...}; `text` in it says what went wrong. root: the results folder.
    """

    def __init__(self, bench: Explorer, root: Path) -> None:
        self._bench = bench
        self._root = root

    def receive(self, content: dict[str, Any]) -> None:
        """Answer a question; other messages are acted on elsewhere."""
        if "ask" not in content:
            return
        try:
            answer, data = self._answer(content["ask"], str(content.get("key")))
        except (DwlabError, OSError) as error:
            answer, data = {"text": str(error)}, b""
        self._bench.send({"answer": content.get("request"), **answer}, [data])

    def _answer(self, subject: object, key: str) -> tuple[dict[str, Any], bytes]:
        """The answer and the bytes that go with it; raises InvalidInput for an unknown picture."""
        image = self._bench.session.entry(key).image
        match subject:
            case "full":
                path = self._root / image
                return {"name": path.name}, path.read_bytes()
            case "recipe":
                row = _row(stored_cells(self._root, [key])[0], self._root)
                return {"recipe": recipe(row), "command": command(row)}, b""
        return {"text": "This is not known of a picture."}, b""


def _row(cell: StoredCell, root: Path) -> dict[Hashable, object]:
    """A picture as a row of a table, with full paths of what it started from."""
    row: dict[Hashable, object] = dict(cell.params.items())
    row["dtype"] = cell.dtype
    for name in (*MAPS, *LISTS, *PARTS):
        if name in row:
            row[name] = json.dumps(row[name])
    for name in PICTURES:
        path = stored_path(row.pop(name, None))
        row[COLUMN_NAMES.get(name, name)] = str(root.resolve() / path) if path else None
    return row
