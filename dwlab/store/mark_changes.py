"""Marks given to many pictures at once, which can be taken back one after the other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.timestamp import now

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from .database import StoreFile

KEPT = 100  # changes of each experiment that can be taken back

_VALUES = """
    SELECT json_each.value AS key, marks.value
    FROM json_each(:keys) LEFT JOIN marks ON marks.key = json_each.value AND mark = :mark
"""
SET = """
    INSERT OR REPLACE INTO marks (key, mark, value, created)
    VALUES (:key, :mark, :value, :created)
"""
_TAKE_AWAY = "DELETE FROM marks WHERE key = :key AND mark = :mark"
# a picture may have been removed since
_RESTORE = """
    INSERT OR REPLACE INTO marks (key, mark, value, created)
    SELECT :key, :mark, :value, :created WHERE EXISTS (SELECT 1 FROM cells WHERE key = :key)
"""
_NOTE = """
    INSERT INTO mark_changes (experiment, mark, value, before) VALUES (:experiment, :mark, :value, :before)
"""
_FORGET = """
    DELETE FROM mark_changes
    WHERE experiment = :experiment AND number NOT IN (
        SELECT number FROM mark_changes WHERE experiment = :experiment ORDER BY number DESC LIMIT :kept
    )
"""
_LAST = """
    SELECT number, mark, value, json_array_length(before) AS pictures, before
    FROM mark_changes
    WHERE experiment = :experiment
    ORDER BY number DESC
    LIMIT 1
"""
_DROP = "DELETE FROM mark_changes WHERE number = :number"


@dataclass(frozen=True)
class MarkChange:
    """A mark that was given to some pictures. value: 0 or "" if it was taken away."""

    mark: str
    value: int | str
    pictures: int


def give(
    file: StoreFile, experiment: str, keys: Sequence[str], mark: str, value: int | str
) -> None:
    """Give pictures a mark, which replaces the one of that name, and note it for `take_back`."""
    with file.transaction() as sql:
        rows = sql.execute(_VALUES, {"keys": json.dumps(keys), "mark": mark}).fetchall()
        before = [[row["key"], row["value"]] for row in rows if row["value"] != value]
        if not before:
            return
        created = now()
        sql.executemany(
            SET,
            [{"key": key, "mark": mark, "value": value, "created": created} for key, _ in before],
        )
        change = {
            "experiment": experiment,
            "mark": mark,
            "value": value,
            "before": json.dumps(before),
        }
        sql.execute(_NOTE, change)
        sql.execute(_FORGET, {"experiment": experiment, "kept": KEPT})


def last(file: StoreFile, experiment: str) -> MarkChange | None:
    """The change that `take_back` would take back; None if there is none."""
    rows = file.query(_LAST, experiment=experiment)
    return _change(rows[0]) if rows else None


def take_back(file: StoreFile, experiment: str) -> MarkChange | None:
    """Take back the last change of marks; returns it, or None if there is none."""
    with file.transaction() as sql:
        row = sql.execute(_LAST, {"experiment": experiment}).fetchone()
        if row is None:
            return None
        for key, value in json.loads(row["before"]):
            mark = {"key": key, "mark": row["mark"], "value": value, "created": now()}
            sql.execute(_TAKE_AWAY if value is None else _RESTORE, mark)
        sql.execute(_DROP, {"number": row["number"]})
    return _change(row)


def _change(row: sqlite3.Row) -> MarkChange:
    return MarkChange(row["mark"], row["value"], row["pictures"])
