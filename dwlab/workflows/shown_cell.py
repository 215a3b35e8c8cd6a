"""What is to be said of one cell: its recipe, how its attempts went, and the code that made it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .._util.checks import is_number
from .._util.terminal_text import one_line
from .._util.text_table import text_table
from ..errors import InvalidInput, printable
from ..spec.names import CODE
from ..store import kept_code
from ..store.attempts import cell_history

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..store.traces import CellTrace

CODE_SHOWN = 12  # digits of a hash


def cell_text(root: Path, key: str) -> str:
    """A cell in words. key: its first digits, 8 or more. Raises InvalidInput."""
    cell = cell_history(root, key)
    rows = [("key", cell.key), ("status", cell.status)]
    if cell.image:
        rows.append(("picture", str(root / cell.image)))
    for name, value in cell.params.items():
        rows += _code_rows(name, value) if name in CODE else [(name, _text(value))]
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
    sizes = {len(value) for value in trace.values if isinstance(value, list)}
    if sizes:
        return f"{steps}, arrays of {' or '.join(str(size) for size in sorted(sizes))}"
    first, last = (_value_text(value) for value in (trace.values[0], trace.values[-1]))
    return f"{steps}, from {first} to {last}"


def _value_text(value: object) -> str:
    return f"{value:.4g}" if is_number(value) else "nan"


def _code_rows(name: str, value: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A method or a class of the user's own. name: of the field."""
    file = f" of {value['file']}" if value.get("file") else ""
    rows = [(name, printable(f"{value['name']}{file}"))]
    for parameter, number in value.get("parameters", {}).items():
        rows.append((f"{name}.{parameter}", _text(number)))
    rows.append((f"code of {name}", f"{value['code'][:CODE_SHOWN]} (--code prints it)"))
    return rows


def _text(value: object) -> str:
    return printable(value if isinstance(value, str) else json.dumps(value))


def code_text(root: Path, key: str) -> str:
    """The code of the user's own that made a cell's picture; raises InvalidInput if there is none."""
    cell = cell_history(root, key)
    named = [cell.params[name] for name in CODE if name in cell.params]
    if not named:
        allowed = "a cell that code of your own made; this one is stock"
        raise InvalidInput("key", cell.key[:12], allowed)
    return "\n".join(_kept(root, cell.key, value["code"]) for value in named)


def _kept(root: Path, key: str, digest: str) -> str:
    """Code as the store keeps it, for a terminal; raises InvalidInput if it is gone."""
    code = kept_code.read(root, digest)
    if code is None:
        path = f"{kept_code.FOLDER}/{digest}.py"
        raise InvalidInput("key", key[:12], f"a cell whose code is kept; {path} is gone")
    lines = [printable(line) if not line.isprintable() else line for line in _lines(code)]
    return "\n".join(lines)


def _lines(code: str) -> list[str]:
    # a tab is no danger to a terminal
    return code.expandtabs(4).splitlines()
