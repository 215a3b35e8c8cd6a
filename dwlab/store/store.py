"""The results store: one SQLite file of rows beside a folder of pictures, shared by every door."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from .._util.lock import locked
from ..errors import InUse, StoreError
from ..paths import experiment_folder
from . import images
from .database import STORE_FILE, StoreFile, explained

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_PICTURE = "cells.key, params, image, position, (SELECT json_group_object(mark, value) FROM marks WHERE marks.key = cells.key)"
_STARS = (
    "(SELECT NULLIF(value, 0) FROM marks WHERE marks.key = cells.key AND mark = 'stars') AS stars"
)
GROUP_SECONDS, GROUP_ROWS = 0.5, 64  # a group commit is due after either


@dataclass(frozen=True)
class CellRow:
    """One cell's outcome, as it is stored. params, versions: JSON texts; image: relative to the store's folder; mode: see params."""

    key: str
    params: str
    weights: str
    dtype: str
    device: str | None
    status: str
    error: str | None = None
    image: str | None = None
    pixels: str | None = None
    bytes: int | None = None
    seconds: float | None = None
    device_seconds: float | None = None
    created: str = ""
    versions: str = "{}"
    mode: str = "close"


def now() -> str:
    """The time, UTC, as rows carry it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextlib.contextmanager
def open_existing(root: Path) -> Iterator[Store | None]:
    """The store of a results folder, for reading; None if there is none yet."""
    if not (root / STORE_FILE).exists():
        yield None
        return
    with Store(root, read=True) as store:
        yield store


class Store:
    """Rows and pictures under one folder; use it as a context manager, in one thread.

    A row is acknowledged when it is committed: `add` gathers rows, `flush` (also done by `add` after
    0.5 s or 64 rows) commits them together. Raises StoreError for a folder that cannot be used. A
    damaged file is moved to `quarantine/`, never deleted, and its rows are read back from the pictures.

    read: only read what is there. Nothing is made, walked, checked as a whole or mended then, so that
    opening takes no time however large the store; damage that is met is a StoreError.
    """

    def __init__(self, root: Path, *, read: bool = False):
        self.root = root
        self._pending: list[tuple[CellRow, str | None, Mapping[str, tuple[int, Any]]]] = []
        self._last_commit = time.monotonic()
        self._file = StoreFile(root, self._adopt_pictures, read=read)
        self._connection = self._file.connection

    @property
    def file(self) -> StoreFile:
        """The file that the rows are in, for those who keep other rows there."""
        return self._file

    @property
    def notes(self) -> list[str]:
        """What opening had to mend, for the user to hear."""
        return self._file.notes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self.flush()
        except StoreError:
            if kind is None:
                raise
        finally:
            self.close()

    def close(self) -> None:
        """Close the file; rows that were not flushed are dropped."""
        self._connection.close()

    # -- cells ---------------------------------------------------------------------------------

    def save_picture(self, data: bytes) -> str:
        """Put a PNG on disk under its hash; returns its path relative to the folder."""
        with explained(self.root):
            return images.save_picture(self.root, data)

    def add(
        self,
        row: CellRow,
        *,
        experiment: str | None = None,
        metrics: Mapping[str, tuple[int, Any]] = {},
    ) -> None:
        """Gather one outcome and its metrics (name -> (version, value)); its picture must be on disk already."""
        self._pending.append((row, experiment, metrics))

    def due(self) -> bool:
        """Whether gathered rows should be committed now."""
        late = time.monotonic() - self._last_commit > GROUP_SECONDS
        return len(self._pending) >= GROUP_ROWS or (late and bool(self._pending))

    def flush(self) -> int:
        """Commit what `add` gathered; returns how many rows. A finished cell is overwritten only if its picture is gone."""
        if not self._pending:
            return 0
        with self._file.transaction() as sql:
            for row, experiment, metrics in self._pending:
                self._write(sql, row, experiment, metrics)
        count = len(self._pending)
        self._pending.clear()
        self._last_commit = time.monotonic()
        return count

    @staticmethod
    def _write(
        sql: sqlite3.Connection,
        row: CellRow,
        experiment: str | None,
        metrics: Mapping[str, tuple[int, Any]],
    ) -> None:
        values = asdict(row) | {"created": row.created or now()}
        columns = list(values)
        updates = ", ".join(f"{c} = excluded.{c}" for c in columns[1:])
        sql.execute(
            f"INSERT INTO cells ({', '.join(columns)}) VALUES ({', '.join(f':{c}' for c in columns)}) "
            f"ON CONFLICT (key) DO UPDATE SET {updates} WHERE cells.status != 'ok' OR gone(cells.image, cells.bytes)",
            values,
        )
        sql.execute(
            "INSERT INTO attempts VALUES (?, ?, ?, ?, ?)",
            (row.key, experiment, row.status, row.error, values["created"]),
        )
        _write_metrics(sql, row.key, metrics)

    def statuses(self, keys: Iterable[str]) -> dict[str, str]:
        """The status of each of `keys` that has a row; a finished one whose picture is gone counts as if it had none.

        A picture is gone if there is no file of the size that was written.
        """
        statuses: dict[str, str] = {}
        every = list(keys)
        with explained(self.root):
            for start in range(0, len(every), 500):
                part = every[start : start + 500]
                query = f"SELECT key, status, image, bytes FROM cells WHERE key IN ({','.join('?' * len(part))})"
                rows = self._connection.execute(query, part).fetchall()
                statuses |= {
                    row[0]: row[1] for row in rows if row[1] != "ok" or self._is_there(*row[2:])
                }
        return statuses

    def _is_there(self, image: str, size: int | None) -> bool:
        return images.is_there(f"{self.root}/{image}", size)

    def rows(self, experiment: str | None = None) -> list[dict[str, Any]]:
        """The cells of an experiment in its order, or all of them by time, each with its metrics.

        A cell that was planned but has no outcome yet is left out.
        """
        if experiment is None:
            query = f"SELECT cells.*, {_STARS}, NULL AS experiment, '{{}}' AS axes FROM cells ORDER BY created, key"
        else:
            query = (
                f"SELECT cells.*, {_STARS}, membership.experiment, membership.axes FROM membership JOIN cells USING (key) "
                "WHERE membership.experiment = ? ORDER BY membership.position"
            )
        arguments = () if experiment is None else (experiment,)
        with explained(self.root):
            cursor = self._connection.execute(query, arguments)
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            metrics = self._metrics(experiment)
        return [row | {"metrics": metrics.get(row["key"], {})} for row in rows]

    def pictures(self, experiment: str | None = None) -> dict[str, int | None]:
        """The pictures of an experiment, or all, with their bytes."""
        query = "SELECT DISTINCT image, bytes FROM cells WHERE status = 'ok'"
        arguments: tuple[str, ...] = ()
        if experiment is not None:
            query += " AND key IN (SELECT key FROM membership WHERE experiment = ?)"
            arguments = (experiment,)
        with explained(self.root):
            return dict(self._connection.execute(query, arguments).fetchall())

    def nan_shares(self, keys: Sequence[str] = (), *, experiment: str | None = None) -> list[float]:
        """The shares of values that were not finite, above 0, of an experiment's finished pictures or of `keys`, few."""
        query = "SELECT value FROM metrics JOIN cells USING (key) WHERE metric = 'nan' AND value > 0 AND status = 'ok' AND key IN "
        if experiment is None:
            query, arguments = query + f"({','.join('?' * len(keys))})", tuple(keys)
        else:
            query, arguments = (
                query + "(SELECT key FROM membership WHERE experiment = ?)",
                (experiment,),
            )
        with explained(self.root):
            return [share for (share,) in self._connection.execute(query, arguments).fetchall()]

    def finished(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        """(key, image) of those of `keys`, few, that are finished."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT key, image FROM cells WHERE status = 'ok' AND key IN ({marks})"
        with explained(self.root):
            return [
                {"key": key, "image": image}
                for key, image in self._connection.execute(query, keys).fetchall()
            ]

    def latest(self, experiment: str, limit: int) -> list[dict[str, Any]]:
        """The pinned pictures of an experiment, then the `limit` newest others; hidden and unfinished ones are left out.

        Each is (key, params, image, position, marks).
        """
        query = (
            "WITH shown AS (SELECT membership.key, position, COALESCE(pin.value, 0) AS pinned, ROW_NUMBER() OVER "
            "(PARTITION BY COALESCE(pin.value, 0) ORDER BY position DESC) AS place FROM membership JOIN cells USING (key) "
            "LEFT JOIN marks AS pin ON pin.key = membership.key AND pin.mark = 'pin' "
            "LEFT JOIN marks AS hide ON hide.key = membership.key AND hide.mark = 'hide' "
            "WHERE experiment = ? AND status = 'ok' AND COALESCE(hide.value, 0) = 0) "
            f"SELECT {_PICTURE} FROM shown JOIN cells USING (key) WHERE pinned = 1 OR place <= ? "
            "ORDER BY pinned DESC, position DESC"
        )
        return self._pictures(query, (experiment, limit))

    def picture(self, experiment: str, key: str) -> dict[str, Any] | None:
        """One finished picture of an experiment, hidden or not, as of `latest`."""
        query = (
            f"SELECT {_PICTURE} FROM membership JOIN cells USING (key) "
            "WHERE experiment = ? AND cells.key = ? AND status = 'ok'"
        )
        return next(iter(self._pictures(query, (experiment, key))), None)

    def _pictures(self, query: str, arguments: tuple[object, ...]) -> list[dict[str, Any]]:
        with explained(self.root):
            rows = self._connection.execute(query, arguments).fetchall()
        names = ("key", "params", "image", "position", "marks")
        return [dict(zip(names, row, strict=True)) | {"marks": json.loads(row[-1])} for row in rows]

    def set_mark(self, key: str, mark: str, value: Any) -> None:
        """Keep a mark of a cell (stars, a note) in place of the one before."""
        with self._file.transaction() as sql:
            sql.execute(
                "INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)", (key, mark, value, now())
            )

    def timings(
        self, weights: str, dtype: str, device: str, limit: int = 500
    ) -> list[tuple[str, float, int]]:
        """(params, device_seconds, bytes) of the latest pictures made by these weights on this device."""
        with explained(self.root):
            return self._connection.execute(
                "SELECT params, device_seconds, bytes FROM cells WHERE weights = ? AND dtype = ? AND device = ? "
                "AND status = 'ok' AND device_seconds IS NOT NULL ORDER BY created DESC LIMIT ?",
                (weights, dtype, device, limit),
            ).fetchall()

    # -- metrics -------------------------------------------------------------------------------

    def set_metrics(self, values: Mapping[str, Mapping[str, tuple[int, Any]]]) -> None:
        """Store metrics of several cells at once: key -> name -> (version, value)."""
        with self._file.transaction() as sql:
            for key, metrics in values.items():
                _write_metrics(sql, key, metrics)

    def measured(
        self, experiment: str, lacking: Collection[str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """(key, image, prompt, model, metrics) of an experiment's finished pictures; metrics: the names of those they have.

        lacking: only pictures without some of these metrics.
        """
        names = list(lacking or ())
        query = (
            "SELECT cells.key, image, json_extract(params, '$.prompt'), json_extract(params, '$.model'), "
            "(SELECT group_concat(metric, ' ') FROM metrics WHERE metrics.key = cells.key) "
            "FROM membership JOIN cells USING (key) WHERE experiment = ? AND status = 'ok'"
        )
        if lacking is not None:
            asked = f"metrics.key = cells.key AND metric IN ({','.join('?' * len(names))})"
            query += f" AND {len(names)} > 0 AND (SELECT COUNT(*) FROM metrics WHERE {asked}) < {len(names)}"
        with explained(self.root):
            rows = self._connection.execute(query, (experiment, *names)).fetchall()
        columns = ("key", "image", "prompt", "model", "metrics")
        for *row, metrics in rows:
            yield dict(zip(columns, (*row, (metrics or "").split()), strict=True))

    def _metrics(self, experiment: str | None) -> dict[str, dict[str, Any]]:
        where = (
            ""
            if experiment is None
            else " WHERE key IN (SELECT key FROM membership WHERE experiment = ?)"
        )
        arguments = () if experiment is None else (experiment,)
        found: dict[str, dict[str, Any]] = {}
        query = f"SELECT key, metric, value FROM metrics{where}"
        for key, metric, value in self._connection.execute(query, arguments).fetchall():
            found.setdefault(key, {})[metric] = value
        return found

    # -- experiments ---------------------------------------------------------------------------

    def experiments(self) -> dict[str, dict[str, Any]]:
        """The spec of every experiment that ran here, by name."""
        with explained(self.root):
            rows = self._connection.execute(
                "SELECT name, spec FROM experiments ORDER BY created"
            ).fetchall()
        return {name: json.loads(spec) for name, spec in rows}

    def seeds(self, experiment: str, count: int) -> list[int]:
        """The random seeds stored for an experiment, as many as are there (at most `count`)."""
        with explained(self.root):
            row = self._connection.execute(
                "SELECT seeds FROM experiments WHERE name = ?", (experiment,)
            ).fetchone()
        return json.loads(row[0])[:count] if row else []

    def enter(self, experiment: str, spec: Mapping[str, Any], random_seeds: int) -> list[int]:
        """Record an experiment and draw the random seeds it still lacks; returns all its seeds.

        The spec of one that is there stays until `set_membership` changes it together with its cells.
        """
        with self._file.transaction() as sql:
            row = sql.execute(
                "SELECT seeds FROM experiments WHERE name = ?", (experiment,)
            ).fetchone()
            seeds: list[int] = json.loads(row[0]) if row else []
            while len(seeds) < random_seeds:
                seeds.append(secrets.randbelow(2**32))
            sql.execute(
                "INSERT INTO experiments VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET seeds = excluded.seeds",
                (experiment, json.dumps(spec), json.dumps(seeds), now()),
            )
        return seeds[:random_seeds]

    def members(self, experiment: str) -> list[tuple[int, str, str | None]]:
        """(position, key, status) of the cells of an experiment, in its order; status: None if there is no row.

        `gone` is the status of a finished cell whose picture is gone, see `statuses`.
        """
        query = (
            "SELECT position, membership.key, status, image, bytes FROM membership LEFT JOIN cells USING (key) "
            "WHERE experiment = ? ORDER BY position"
        )
        with explained(self.root):
            rows = self._connection.execute(query, (experiment,)).fetchall()
            return [
                (
                    position,
                    key,
                    "gone" if status == "ok" and not self._is_there(image, size) else status,
                )
                for position, key, status, image, size in rows
            ]

    def set_membership(
        self, experiment: str, spec: Mapping[str, Any], members: Sequence[tuple[int, str, str]]
    ) -> None:
        """Make `members` (position, key, axes as JSON) the cells of an experiment, and `spec` what it says."""
        with self._file.transaction() as sql:
            sql.execute(
                "UPDATE experiments SET spec = ? WHERE name = ?", (json.dumps(spec), experiment)
            )
            sql.execute("DELETE FROM membership WHERE experiment = ?", (experiment,))
            sql.executemany(
                "INSERT OR IGNORE INTO membership VALUES (?, ?, ?, ?)",
                ((experiment, *m) for m in members),
            )

    def append(self, experiment: str, keys: Sequence[str]) -> None:
        """Make `keys` the last cells of an experiment, also those that were among its cells before; hidden ones show again."""
        with self._file.transaction() as sql:
            query = "SELECT COALESCE(MAX(position), -1) FROM membership WHERE experiment = ?"
            (last,) = sql.execute(query, (experiment,)).fetchone()
            rows = [(experiment, last + 1 + k, key, "{}") for k, key in enumerate(keys)]
            sql.executemany("INSERT OR REPLACE INTO membership VALUES (?, ?, ?, ?)", rows)
            sql.executemany(
                "DELETE FROM marks WHERE key = ? AND mark = 'hide'", ((key,) for key in keys)
            )

    @contextlib.contextmanager
    def alone(self, experiment: str) -> Iterator[None]:
        """Keep other runs of this experiment out meanwhile; raises StoreError where one is under way."""
        path = experiment_folder(self.root, experiment) / ".lock"
        with contextlib.ExitStack() as held:
            with explained(self.root):
                try:
                    held.enter_context(locked(path))
                except BlockingIOError:
                    raise InUse(
                        f"experiment {experiment!r} is being run by another process or notebook ({path} is locked); "
                        "wait until it ends, or stop it, then run this again: what it finished is reused"
                    ) from None
            yield

    def _adopt_pictures(self, sql: sqlite3.Connection) -> int:
        """Read rows back from the recipes in the pictures, where times and metrics are not; returns how many."""
        adopted = 0
        for path in sorted((self.root / "images").glob("*/*.png")):
            found = images.read_back(path)
            if found is None:
                continue
            recipe, pixels = found
            stat = path.stat()
            row = CellRow(
                recipe["key"], json.dumps(recipe["params"]), recipe["weights"], recipe["dtype"], None, "ok",
                image=path.relative_to(self.root).as_posix(), pixels=pixels, bytes=stat.st_size,
                created=datetime.fromtimestamp(stat.st_mtime, UTC).isoformat(timespec="milliseconds"),
                mode=str(recipe.get("mode", "close")),
            )  # fmt: skip
            self._write(sql, row, None, {})
            adopted += 1
        return adopted


def _write_metrics(
    sql: sqlite3.Connection, key: str, metrics: Mapping[str, tuple[int, Any]]
) -> None:
    sql.executemany(
        "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)",
        [(key, name, version, value) for name, (version, value) in metrics.items()],
    )
