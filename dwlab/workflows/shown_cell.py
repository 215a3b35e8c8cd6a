"""What is to be said of one cell: its recipe, how its attempts went, and the code that made it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .._util.checks import is_number
from .._util.terminal_text import one_line
from .._util.text_table import text_table
from ..errors import InvalidInput, printable
from ..store import kept_code
from ..store.attempts import cell_history

if TYPE_CHECKING:
    from pathlib import Path

    from ..store.traces import CellTrace


def cell_text(root: Path, key: str) -> str:
    """A cell in words. key: its first digits, 8 or more. Raises InvalidInput."""
    cell = cell_history(root, key)
    rows = [("key", cell.key), ("status", cell.status)]
    if cell.image:
        rows.append(("picture", str(root / cell.image)))
    for name, value in cell.params.items():
        text = value if isinstance(value, str) else json.dumps(value)
        rows.append((name, printable(text)))
    rows += [(each.trace.name, _trace_text(root, each)) for each in cell.traces]
    parts = [text_table(rows)]
    for attempt in cell.attempts:
        if attempt.status == "ok":
            continue
        parts.append(f"{attempt.created} {attempt.status}: {one_line(attempt.error)}")
        if attempt.traceback:
            lines = [printable(line) for line in attempt.traceback.splitlines()]
            parts.append("\n".join(lines))
    return "\n".join(parts)


def _trace_text(root: Path, kept: CellTrace) -> str:
    """What was kept of a cell's steps, in a line."""
    trace = kept.trace
    if not trace.values:
        return f"of no step: {printable(trace.reason)}"
    steps = f"of {len(trace.steps)} steps"
    if kept.film:
        return f"{steps}, in {root / kept.film}"
    first, last = (_value_text(value) for value in (trace.values[0], trace.values[-1]))
    return f"{steps}, from {first} to {last}"


def _value_text(value: object) -> str:
    if isinstance(value, list):
        return f"[{len(value)}]"
    return f"{value:.4g}" if is_number(value) else "nan"


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
