"""Old pictures of the API are removed by age or size; marked ones and those of sweeps stay.

So are start pictures that no row names any longer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..spec.inputs import FOLDER

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from pathlib import Path

    from ..store.database import StoreFile

PICTURES_AT_ONCE = 200  # per transaction, so that others need not wait long
DAY_SECONDS = 86_400
TABLES = ("membership", "metrics", "marks", "cells")
# Pictures of this experiment and no other, without a mark (0 is no mark); those that were
# requested longest ago come first.
REMOVABLE = """
    SELECT m.key, c.image, COALESCE(c.bytes, 0) AS bytes, c.created
    FROM membership m JOIN cells c USING (key)
    WHERE m.experiment = :experiment AND c.status = 'ok'
      AND NOT EXISTS (
        SELECT 1 FROM membership o WHERE o.key = m.key AND o.experiment != m.experiment
      )
      AND NOT EXISTS (SELECT 1 FROM marks k WHERE k.key = m.key AND k.value NOT IN (0, ''))
    ORDER BY m.position
"""


@dataclass(frozen=True)
class StoredPicture:
    """A picture in the store. image: its file, relative to the results folder."""

    key: str
    image: str
    bytes: int
    created: str


@dataclass(frozen=True)
class RemovedPictures:
    """How many pictures were removed, and the bytes that they took."""

    pictures: int = 0
    bytes: int = 0


def remove_old_pictures(
    file: StoreFile, experiment: str, *, days: float | None = None, size: int | None = None
) -> RemovedPictures:
    """Remove an experiment's pictures that are too old, then the oldest beyond a size.

    days: how old pictures may be. size: the bytes that all may take. Pictures with a star, pin or
    note stay, and those of other experiments (a sweep, the prompt bench). Call it while this
    process makes no pictures. A row is removed before its picture: a crash in between leaves a
    file that harms nobody.
    """
    total = RemovedPictures()
    while True:
        with file.transaction() as sql:
            pictures = _removable(sql, experiment, days, size)[:PICTURES_AT_ONCE]
            _delete_rows(sql, pictures)
        for picture in pictures:
            (file.root / picture.image).unlink(missing_ok=True)
        if not pictures:
            return total
        removed_bytes = sum(picture.bytes for picture in pictures)
        total = RemovedPictures(total.pictures + len(pictures), total.bytes + removed_bytes)


def remove_unused_inputs(root: Path, used: Iterable[str], days: float) -> int:
    """Remove start pictures that are older and that no row names; returns how many.

    root: the results folder. used: paths of those that rows name, relative to it. Call it while no
    job waits that may name others.
    """
    kept = {root / path for path in used}
    oldest_kept = time.time() - days * DAY_SECONDS
    removed = 0
    for path in (root / FOLDER).glob("*.png"):
        if path not in kept and path.stat().st_mtime < oldest_kept:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _delete_rows(sql: sqlite3.Connection, pictures: Iterable[StoredPicture]) -> None:
    for picture in pictures:
        for table in TABLES:
            sql.execute(f"DELETE FROM {table} WHERE key = :key", {"key": picture.key})


def _removable(
    sql: sqlite3.Connection, experiment: str, days: float | None, size: int | None
) -> list[StoredPicture]:
    rows = sql.execute(REMOVABLE, {"experiment": experiment}).fetchall()
    pictures = [StoredPicture(**row) for row in rows]
    oldest_kept = "" if days is None else _days_ago(days)
    excess = 0
    if size is not None:
        excess = sum(picture.bytes for picture in pictures) - size
    removable = []
    for picture in pictures:
        if picture.created < oldest_kept or excess > 0:
            removable.append(picture)
            excess -= picture.bytes
    return removable


def _days_ago(days: float) -> str:
    """That time as rows carry it."""
    return datetime.fromtimestamp(time.time() - days * DAY_SECONDS, UTC).isoformat()
