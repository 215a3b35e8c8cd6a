"""The SQL of what nothing holds: a cell is held by an experiment, a star, a pin, a note or a vote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

# every mark holds its cell but the one that hides it; 0 and "" are marks that were taken back
MARKED = "SELECT key FROM marks WHERE mark != 'hide' AND value NOT IN (0, '')"
_UNHELD = f"""
    SELECT key
    FROM {{table}}
    WHERE key NOT IN (SELECT key FROM membership)
        AND key NOT IN ({MARKED})
"""
# After the store was lost or damaged, rows were read back from the pictures, without a device. What
# held them is not known.
_IS_READ_BACK = "status = 'ok' AND device IS NULL"
UNHELD_CELLS = f"""
    {_UNHELD.format(table="cells")}
        AND (:read_back OR NOT ({_IS_READ_BACK}))
"""
COUNT_READ_BACK = f"""
    SELECT COUNT(*) FROM cells WHERE {_IS_READ_BACK} AND key IN ({_UNHELD.format(table="cells")})
"""
# rows about cells that are not there, and that nothing waits for
LEFTOVERS = tuple(
    f"""
    FROM {table}
    WHERE key IN ({_UNHELD.format(table=table)})
        AND key NOT IN (SELECT key FROM cells)
    """
    for table in ("metrics", "marks", "attempts")
)
UNHELD_PICTURES = f"""
    SELECT DISTINCT image FROM cells WHERE image IS NOT NULL AND key IN ({UNHELD_CELLS})
"""
HELD_PICTURES = f"""
    SELECT DISTINCT image FROM cells WHERE image IS NOT NULL AND key NOT IN ({UNHELD_CELLS})
"""
# texts that may name start pictures by their hash: of cells, of experiments, of waiting requests
HELD_TEXTS = f"""
    SELECT params FROM cells WHERE params LIKE '%sha256:%' AND key NOT IN ({UNHELD_CELLS})
    UNION ALL
    SELECT spec FROM experiments
    UNION ALL
    SELECT request FROM jobs WHERE status IN ('queued', 'running')
"""
TABLES = ("cells", "metrics", "marks", "attempts")


def delete_cells(
    sql: sqlite3.Connection, keys: Sequence[str], *, read_back: bool = False
) -> list[str]:
    """Delete those of `keys` that nothing holds, within a transaction; returns which.

    All rows about them go: outcomes, metrics, marks and attempts. read_back: also cells of which it
    is not known what held them.
    """
    chosen = f"SELECT value FROM json_each(:keys) WHERE value IN ({UNHELD_CELLS})"
    arguments = {"keys": json.dumps(keys), "read_back": read_back}
    unheld = [key for (key,) in sql.execute(chosen, arguments).fetchall()]
    for table in TABLES:
        statement = f"DELETE FROM {table} WHERE key IN (SELECT value FROM json_each(:keys))"
        sql.execute(statement, {"keys": json.dumps(unheld)})
    return unheld
