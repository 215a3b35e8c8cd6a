"""What is to be said of one cell: its recipe, how its attempts went, and the code that made it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .._util.terminal_text import one_line
from .._util.text_table import text_table
from ..errors import InvalidInput, printable
from ..store import kept_code
from ..store.attempts import cell_history

if TYPE_CHECKING:
    from pathlib import Path


def cell_text(root: Path, key: str) -> str:
    """A cell in words. key: its first digits, 8 or more. Raises InvalidInput."""
    cell = cell_history(root, key)
    rows = [("key", cell.key), ("status", cell.status)]
    if cell.image:
        rows.append(("picture", str(root / cell.image)))
    for name, value in cell.params.items():
        text = value if isinstance(value, str) else json.dumps(value)
        rows.append((name, printable(text)))
    parts = [text_table(rows)]
    for attempt in cell.attempts:
        if attempt.status == "ok":
            continue
        parts.append(f"{attempt.created} {attempt.status}: {one_line(attempt.error)}")
        if attempt.traceback:
            lines = [printable(line) for line in attempt.traceback.splitlines()]
            parts.append("\n".join(lines))
    return "\n".join(parts)


def code_text(root: Path, key: str) -> str:
    """The code of the method that made a cell's picture; raises InvalidInput if there is none."""
    cell = cell_history(root, key)
    method = cell.params.get("method")
    if not method:
        raise InvalidInput("key", cell.key[:12], "a cell that a method made; this one is stock")
    code = kept_code.read(root, method["code"])
    if code is None:
        path = f"{kept_code.FOLDER}/{method['code']}.py"
        raise InvalidInput("key", cell.key[:12], f"a cell whose code is kept; {path} is gone")
    lines = [printable(line) if not line.isprintable() else line for line in _lines(code)]
    return "\n".join(lines)


def _lines(code: str) -> list[str]:
    # a tab is no danger to a terminal
    return code.expandtabs(4).splitlines()
