"""Old pictures of the HTTP API, removed by age or size; what someone marked or a sweep uses stays."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from ..store.database import StoreFile

BATCH = 200  # pictures a transaction: others shall not wait long
# Pictures that are the experiment's and no other's, unmarked (a mark of 0 is none), the least recently asked for first.
_DISPOSABLE = """
    SELECT m.key, c.image, c.bytes, c.created FROM membership m JOIN cells c USING (key)
    WHERE m.experiment = ? AND c.status = 'ok'
      AND NOT EXISTS (SELECT 1 FROM membership o WHERE o.key = m.key AND o.experiment != m.experiment)
      AND NOT EXISTS (SELECT 1 FROM marks k WHERE k.key = m.key AND k.value NOT IN (0, ''))
    ORDER BY m.position
"""


@dataclass(frozen=True)
class Cleaned:
    """What was removed: pictures, and the bytes that they took."""

    pictures: int = 0
    bytes: int = 0


def clean(
    file: StoreFile, experiment: str, *, days: float | None = None, size: int | None = None
) -> Cleaned:
    """Remove an experiment's pictures that were made more than `days` ago, then the oldest until at most `size` bytes stay.

    Never touched: what has a star, pin or note, and what belongs to another experiment (a sweep, the prompt bench). Call
    it while this process makes no pictures. A row goes before its picture: a crash between leaves a file that harms nobody.
    """
    total = Cleaned()
    while True:
        with file.transaction() as sql:
            doomed = _doomed(sql, experiment, days, size)[:BATCH]
            for key, _, _ in doomed:
                for table in ("membership", "metrics", "marks", "cells"):
                    sql.execute(f"DELETE FROM {table} WHERE key = ?", (key,))
        for _, image, _ in doomed:
            (file.root / image).unlink(missing_ok=True)
        if not doomed:
            return total
        total = Cleaned(
            total.pictures + len(doomed), total.bytes + sum(count for _, _, count in doomed)
        )


def _doomed(
    sql: sqlite3.Connection, experiment: str, days: float | None, size: int | None
) -> list[tuple[str, str, int]]:
    rows = [
        (key, image, count or 0, created)
        for key, image, count, created in sql.execute(_DISPOSABLE, (experiment,))
    ]
    limit = (
        "" if days is None else datetime.fromtimestamp(time.time() - days * 86_400, UTC).isoformat()
    )
    excess = 0 if size is None else sum(count for _, _, count, _ in rows) - size
    doomed = []
    for key, image, count, created in rows:
        if created < limit or excess > 0:
            doomed.append((key, image, count))
            excess -= count
    return doomed
