"""What the history of single pictures is searched by: its runs, and a short row for each picture.

`membership` and `cells` hold the pictures. The rows here hold what a search reads, so that it need
not read the recipes of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.timestamp import now

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from .database import StoreFile

_LAST_RUN = """
    SELECT COALESCE(MAX(run), 0) AS last FROM history_runs WHERE experiment = :experiment
"""
_LAST_POSITION = """
    SELECT COALESCE(MAX(position), 0) AS last FROM history_entries WHERE experiment = :experiment
"""
_ENTER_RUN = """
    INSERT INTO history_runs (experiment, run, started, base, along) VALUES (?, ?, ?, ?, ?)
"""
# the picture from which neighbours were made stays in its own run too
_LEAVE_EARLIER_RUN = """
    DELETE FROM history_entries WHERE experiment = ? AND key = ? AND NOT is_base
"""
_ENTER = """
    INSERT INTO history_entries (experiment, position, run, key, is_base) VALUES (?, ?, ?, ?, ?)
"""
# pictures from before there was this index: those of a day are a run
_MISSING = """
    SELECT membership.key, substr(cells.created, 1, 10) AS day
    FROM membership JOIN cells USING (key)
    WHERE membership.experiment = :experiment
        AND membership.key NOT IN (
            SELECT key FROM history_entries WHERE experiment = :experiment AND NOT is_base
        )
    ORDER BY membership.position
"""
_IS_MISSING = """
    SELECT 1
    FROM membership
    WHERE membership.experiment = :experiment
        AND NOT EXISTS (
            SELECT 1 FROM history_entries
            WHERE history_entries.experiment = :experiment
                AND history_entries.key = membership.key
                AND NOT is_base
        )
        AND EXISTS (SELECT 1 FROM cells WHERE cells.key = membership.key)
    LIMIT 1
"""
_HAS_MADE = """
    SELECT 1
    FROM history_entries JOIN cells USING (key)
    WHERE history_entries.experiment = :experiment
        AND history_entries.made IS NULL
        AND cells.status = 'ok'
    LIMIT 1
"""
# a search ignores case, which SQLite knows of ASCII only: `casefold` is Python's
_DESCRIBE = """
    UPDATE history_entries SET
        made = cells.created,
        model = json_extract(cells.params, '$.model'),
        width = json_extract(cells.params, '$.width'),
        height = json_extract(cells.params, '$.height'),
        words = casefold(
            COALESCE(json_extract(cells.params, '$.prompt'), '')
            || char(10)
            || COALESCE(json_extract(cells.params, '$.negative_prompt'), '')
        )
    FROM cells
    WHERE history_entries.experiment = :experiment
        AND history_entries.made IS NULL
        AND cells.key = history_entries.key
        AND cells.status = 'ok'
"""


@dataclass(frozen=True)
class HistoryRun:
    """What is noted of pictures that are made together.

    base: the key of the picture whose neighbours they are. along: the parameter in which they
    differ. Both are empty if there is none.
    """

    base: str = ""
    along: str = ""


def enter_run(
    sql: sqlite3.Connection, experiment: str, keys: Sequence[str], run: HistoryRun
) -> None:
    """Enter pictures as the latest run, within a transaction; they leave their earlier runs."""
    # the picture that was varied is here for comparison, and stays in its own run
    added = [key for key in keys if key != run.base]
    sql.executemany(_LEAVE_EARLIER_RUN, [(experiment, key) for key in added])
    number = _last(sql, _LAST_RUN, experiment) + 1
    sql.execute(_ENTER_RUN, (experiment, number, now(), run.base, run.along))
    _enter(sql, experiment, number, keys, run.base)


def is_behind(file: StoreFile, experiment: str) -> bool:
    """Whether the index lacks pictures, or some were finished since."""
    questions = (_IS_MISSING, _HAS_MADE)
    return any(file.query(question, experiment=experiment) for question in questions)


def update_index(file: StoreFile, experiment: str) -> None:
    """Enter pictures that the index lacks, and describe those that were finished since."""
    with file.transaction() as sql:
        sql.create_function("casefold", 1, str.casefold, deterministic=True)
        days: dict[str, list[str]] = {}
        for row in sql.execute(_MISSING, {"experiment": experiment}):
            days.setdefault(row["day"], []).append(row["key"])
        for day, keys in days.items():
            number = _last(sql, _LAST_RUN, experiment) + 1
            sql.execute(_ENTER_RUN, (experiment, number, day, "", ""))
            _enter(sql, experiment, number, keys)
        sql.execute(_DESCRIBE, {"experiment": experiment})


def _enter(
    sql: sqlite3.Connection, experiment: str, run: int, keys: Sequence[str], base: str = ""
) -> None:
    first = _last(sql, _LAST_POSITION, experiment) + 1
    rows = [
        (experiment, position, run, key, key == base)
        for position, key in enumerate(keys, start=first)
    ]
    sql.executemany(_ENTER, rows)


def _last(sql: sqlite3.Connection, statement: str, experiment: str) -> int:
    return int(sql.execute(statement, {"experiment": experiment}).fetchone()["last"])
