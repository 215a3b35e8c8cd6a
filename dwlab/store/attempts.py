"""One cell with every attempt to make its picture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from .store import open_existing

if TYPE_CHECKING:
    from pathlib import Path

    from .traces import CellTrace

DIGITS_NEEDED = 8  # of a key that stands for a cell
_KEYS = "SELECT key FROM cells WHERE key >= :start AND key < :end LIMIT 2"
_CELL = "SELECT key, params, status, error, image, created FROM cells WHERE key = :key"
_ATTEMPTS = """
    SELECT experiment, status, error, traceback, created
    FROM attempts
    WHERE key = :key
    ORDER BY created, rowid
"""


@dataclass(frozen=True)
class Attempt:
    """An attempt to make a picture. traceback: where the user's own code failed, or empty."""

    experiment: str
    status: str
    error: str
    traceback: str
    created: str


@dataclass(frozen=True)
class CellHistory:
    """A cell's row, its traces, and the attempts, oldest first. params: the recipe."""

    key: str
    params: dict[str, Any]
    status: str
    image: str
    attempts: tuple[Attempt, ...]
    traces: tuple[CellTrace, ...] = ()


def cell_history(root: Path, start: str) -> CellHistory:
    """The cell whose key is `start` or begins with it; raises InvalidInput if there is not one."""
    digits = start.lower()
    is_key = DIGITS_NEEDED <= len(digits) <= 64 and set(digits) <= set("0123456789abcdef")
    if not is_key:
        raise InvalidInput("key", start, f"at least {DIGITS_NEEDED} digits of a key in {root}")
    with open_existing(root) as store:
        keys = store.file.tuples(_KEYS, start=digits, end=f"{digits}g") if store else []
        if not store or not keys:
            raise InvalidInput("key", start, f"a key of a cell in {root}")
        if len(keys) > 1:
            raise InvalidInput("key", start, "more digits: several keys begin with these")
        ((key,),) = keys
        (cell,) = store.file.query(_CELL, key=key)
        rows = store.file.tuples(_ATTEMPTS, key=key)
        traces = store.traces.of_cell(key)
    return CellHistory(
        key=key,
        params=json.loads(cell["params"]),
        status=cell["status"],
        image=cell["image"] or "",
        attempts=tuple(Attempt(*(value or "" for value in row)) for row in rows),
        traces=tuple(traces),
    )
