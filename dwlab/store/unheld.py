"""The SQL of what nothing holds: a cell is held by an experiment, a star, a pin, a note or a vote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

# every mark holds its cell but the one that hides it; 0 and "" are marks that were taken back
_MARKED = "SELECT key FROM marks WHERE mark != 'hide' AND value NOT IN (0, '')"
# a pair that was skipped holds nothing, and neither does one that waits for its vote
_VOTED = "FROM votes WHERE choice IN ('left', 'right', 'tie')"
MARKED = f"""
    {_MARKED}
    UNION ALL SELECT left_key {_VOTED}
    UNION ALL SELECT right_key {_VOTED}
"""
# the same without votes on the experiment :experiment
MARKED_BESIDES = f"""
    {_MARKED}
    UNION ALL SELECT left_key {_VOTED} AND experiment != :experiment
    UNION ALL SELECT right_key {_VOTED} AND experiment != :experiment
"""
_HAS_NO_HOLDER = f"key NOT IN (SELECT key FROM membership) AND key NOT IN ({MARKED})"
# After the store was lost or damaged, rows were read back from the pictures, without a device. What
# held them is not known.
_IS_READ_BACK = "status = 'ok' AND device IS NULL"
_IS_UNHELD = f"{_HAS_NO_HOLDER} AND (:read_back OR NOT ({_IS_READ_BACK}))"
CELLS = f"SELECT key, image, {_HAS_NO_HOLDER}, {_IS_READ_BACK} FROM cells"
# the keys of rows about cells; nothing waits for those of cells that are not there
ABOUT_CELLS = {
    "metrics": "SELECT DISTINCT key FROM metrics",
    "measurements": "SELECT DISTINCT key FROM measurements",
    "traces": "SELECT DISTINCT key FROM traces",
    "marks": "SELECT key FROM marks",
    "attempts": "SELECT key FROM attempts",
}
DELETE_LEFTOVERS = f"""
    DELETE FROM {{table}}
    WHERE {_HAS_NO_HOLDER} AND key NOT IN (SELECT key FROM cells)
"""
HELD_KEYS = f"SELECT key FROM membership UNION {MARKED}"
# texts that may name start pictures and code by their hash: of cells, of experiments, of metrics, of
# waiting requests
HELD_TEXTS = f"""
    SELECT params FROM cells
    WHERE (params LIKE '%sha256:%' OR params LIKE '%"code":%') AND NOT ({_IS_UNHELD})
    UNION ALL
    SELECT spec FROM experiments
    UNION ALL
    SELECT facts FROM measured_columns
    UNION ALL
    SELECT request FROM jobs WHERE status IN ('queued', 'running')
"""


def delete_cells(
    sql: sqlite3.Connection, keys: Sequence[str], *, read_back: bool = False
) -> list[str]:
    """Delete those of `keys` that nothing holds, within a transaction; returns which.

    All rows about them go: outcomes, metrics, measurements, traces, marks and attempts. read_back: also cells of which it
    is not known what held them.
    """
    chosen = f"""
        SELECT key FROM cells WHERE key IN (SELECT value FROM json_each(:keys)) AND {_IS_UNHELD}
    """
    arguments = {"keys": json.dumps(keys), "read_back": read_back}
    unheld = [key for (key,) in sql.execute(chosen, arguments).fetchall()]
    for table in ("cells", *ABOUT_CELLS):
        statement = f"DELETE FROM {table} WHERE key IN (SELECT value FROM json_each(:keys))"
        sql.execute(statement, {"keys": json.dumps(unheld)})
    return unheld
