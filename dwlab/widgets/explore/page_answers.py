"""What a page asks the prompt bench: about a picture, or about prompts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...errors import DwlabError, InvalidInput
from ...spec.inputs import PICTURES, stored_path
from ...spec.names import LISTS, MAPS, PARTS
from ...spec.table_columns import COLUMN_NAMES
from ...views.report.python_recipe import recipe
from ...views.viewer.command import command
from ...workflows.certificate.stored_cells import stored_cells
from .controls import sentence
from .history_answers import HistoryAnswers

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from ...workflows.certificate.stored_cells import StoredCell
    from .explorer import Explorer


class PageAnswers:
    """Answers questions of pages, {"ask": subject, "request": id, ...}.

    An answer is {"answer": id, ...}; `text` in it says what went wrong. root: the results folder.
    """

    def __init__(self, bench: Explorer, root: Path) -> None:
        self._bench = bench
        self._root = root
        self._history = HistoryAnswers(bench)

    def receive(self, content: dict[str, Any]) -> None:
        """Answer a question; other messages are acted on elsewhere."""
        if "ask" not in content:
            return
        arguments = dict(content)
        subject = arguments.pop("ask")
        request = arguments.pop("request", None)
        try:
            answer, data = self._answer(subject, arguments)
        except InvalidInput as error:
            answer, data = {"text": sentence(error), "field": error.field}, b""
        except (DwlabError, OSError) as error:
            answer, data = {"text": str(error)}, b""
        self._bench.send({"answer": request, **answer}, [data])

    def _answer(self, subject: object, arguments: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """The answer and the bytes that go with it; raises InvalidInput for a wrong argument."""
        match subject:
            case "full":
                path = self._root / self._bench.session.entry(arguments["key"]).image
                return {"name": path.name}, path.read_bytes()
            case "recipe":
                return self._recipe(arguments["key"]), b""
            case "prompts":
                return {"prompts": self._bench.prompt_helps.earlier()}, b""
            case "save_prompt":
                self._bench.prompt_helps.save(**arguments)
                return {}, b""
        return self._history.answer(str(subject), arguments)

    def _recipe(self, key: str) -> dict[str, Any]:
        self._bench.session.entry(key)
        row = _row(stored_cells(self._root, [key])[0], self._root)
        return {"recipe": recipe(row), "command": command(row)}


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
