"""The pictures that were made one by one, latest first, and the marks that people give them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._util.timestamp import now

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from .database import StoreFile

_LAST_POSITION = """
    SELECT COALESCE(MAX(position), -1) AS position
    FROM membership
    WHERE experiment = :experiment
"""
_APPEND = """
    INSERT OR REPLACE INTO membership (experiment, position, key, axes)
    VALUES (?, ?, ?, '{}')
"""
_SHOW_AGAIN = "DELETE FROM marks WHERE key = ? AND mark = 'hide'"
_ENTRY = """
    cells.key,
    cells.params,
    cells.image,
    position,
    (SELECT json_group_object(mark, value) FROM marks WHERE marks.key = cells.key) AS marks
"""
_LATEST = f"""
    WITH shown AS (
        SELECT
            membership.key,
            membership.position,
            COALESCE(pin.value, 0) AS pinned,
            ROW_NUMBER() OVER (
                PARTITION BY COALESCE(pin.value, 0) ORDER BY membership.position DESC
            ) AS place
        FROM membership
        JOIN cells USING (key)
        LEFT JOIN marks AS pin ON pin.key = membership.key AND pin.mark = 'pin'
        LEFT JOIN marks AS hide ON hide.key = membership.key AND hide.mark = 'hide'
        WHERE membership.experiment = :experiment
            AND cells.status = 'ok'
            AND COALESCE(hide.value, 0) = 0
    )
    SELECT {_ENTRY}
    FROM shown JOIN cells USING (key)
    WHERE pinned = 1 OR place <= :limit
    ORDER BY pinned DESC, position DESC
"""
_PICTURE = f"""
    SELECT {_ENTRY}
    FROM membership JOIN cells USING (key)
    WHERE membership.experiment = :experiment
        AND cells.key = :key
        AND cells.status = 'ok'
"""
_SET_MARK = """
    INSERT OR REPLACE INTO marks (key, mark, value, created)
    VALUES (:key, :mark, :value, :created)
"""


@dataclass(frozen=True)
class HistoryEntry:
    """A finished picture with its marks.

    params: JSON. image: its path, relative to the results folder. position: grows from picture to
    picture. marks: name -> value.
    """

    key: str
    params: str
    image: str
    position: int
    marks: dict[str, Any]


class History:
    """Reads and changes the history of an experiment whose pictures are made one by one."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def append(self, experiment: str, keys: Sequence[str]) -> None:
        """Make `keys` the last cells of an experiment.

        Those that were among its cells before move to the end, and hidden ones show again.
        """
        with self._file.transaction() as sql:
            last = sql.execute(_LAST_POSITION, {"experiment": experiment}).fetchone()["position"]
            rows = [
                (experiment, position, key) for position, key in enumerate(keys, start=last + 1)
            ]
            sql.executemany(_APPEND, rows)
            sql.executemany(_SHOW_AGAIN, [(key,) for key in keys])

    def latest(self, experiment: str, limit: int) -> list[HistoryEntry]:
        """The pinned pictures of an experiment, then the `limit` newest others.

        Hidden and unfinished ones are left out.
        """
        rows = self._file.query(_LATEST, experiment=experiment, limit=limit)
        return [_entry(row) for row in rows]

    def picture(self, experiment: str, key: str) -> HistoryEntry | None:
        """One finished picture of an experiment, hidden or not; None if there is none."""
        rows = self._file.query(_PICTURE, experiment=experiment, key=key)
        return _entry(rows[0]) if rows else None

    def set_mark(self, key: str, mark: str, value: int | str) -> None:
        """Give a picture a mark (stars, a note), which replaces the one of that name."""
        row = {"key": key, "mark": mark, "value": value, "created": now()}
        with self._file.transaction() as sql:
            sql.execute(_SET_MARK, row)


def _entry(row: sqlite3.Row) -> HistoryEntry:
    return HistoryEntry(
        key=row["key"],
        params=row["params"],
        image=row["image"],
        position=row["position"],
        marks=json.loads(row["marks"]),
    )
