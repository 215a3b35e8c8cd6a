"""Takes back what newer versions of dwlab added to a store, for tests of migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def without_shares(sql: sqlite3.Connection) -> None:
    """Take from jobs what shares the server between clients."""
    sql.execute("DROP INDEX jobs_waiting")
    for column in ("client", "cost"):
        sql.execute(f"ALTER TABLE jobs DROP COLUMN {column}")
