"""The results store: one SQLite file of rows beside a folder of pictures, shared by every door."""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from . import images
from .errors import StoreError
from .files import locked, make_folder, sweep_temporaries
from .paths import experiment_folder
from .schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

GROUP_SECONDS, GROUP_ROWS = 0.5, 64  # a group commit is due after either
BUSY_SECONDS = 30
_DAMAGED = ("malformed", "not a database", "corrupt", "unsupported file format", "decode")


@dataclass(frozen=True)
class CellRow:
    """One cell's outcome, as it is stored. params, versions: JSON texts; image: relative to the store's folder."""

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


def now() -> str:
    """The time, UTC, as rows carry it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


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
        self.path = root / "dwlab.sqlite"
        self.notes: list[str] = []  # what opening had to mend, for the user to hear
        self._pending: list[tuple[CellRow, str | None, Mapping[str, tuple[int, Any]]]] = []
        self._last_commit = time.monotonic()
        with _explained(root):
            self._connection = (self._open_to_read() if read else None) or self._open_and_mend()

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
        with _explained(self.root):
            return images.save_picture(self.root, data)

    def add(self, row: CellRow, *, experiment: str | None = None, metrics: Mapping[str, tuple[int, Any]] = {}) -> None:
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
        with self._transaction() as sql:
            for row, experiment, metrics in self._pending:
                self._write(sql, row, experiment, metrics)
        count = len(self._pending)
        self._pending.clear()
        self._last_commit = time.monotonic()
        return count

    @staticmethod
    def _write(
        sql: sqlite3.Connection, row: CellRow, experiment: str | None, metrics: Mapping[str, tuple[int, Any]]
    ) -> None:
        values = asdict(row) | {"created": row.created or now()}
        columns = list(values)
        updates = ", ".join(f"{c} = excluded.{c}" for c in columns[1:])
        sql.execute(
            f"INSERT INTO cells ({', '.join(columns)}) VALUES ({', '.join(f':{c}' for c in columns)}) "
            f"ON CONFLICT (key) DO UPDATE SET {updates} WHERE cells.status != 'ok' OR gone(cells.image)",
            values,
        )
        sql.execute(
            "INSERT INTO attempts VALUES (?, ?, ?, ?, ?)",
            (row.key, experiment, row.status, row.error, values["created"]),
        )
        _write_metrics(sql, row.key, metrics)

    def statuses(self, keys: Iterable[str]) -> dict[str, str]:
        """The status of each of `keys` that has a row; a finished one whose picture is gone counts as if it had none."""
        found: dict[str, str] = {}
        wanted = list(keys)
        on_disk = images.finder(self.root)
        with _explained(self.root):
            for start in range(0, len(wanted), 500):
                part = wanted[start : start + 500]
                query = f"SELECT key, status, image FROM cells WHERE key IN ({','.join('?' * len(part))})"
                rows = self._connection.execute(query, part).fetchall()
                found |= {key: status for key, status, image in rows if status != "ok" or on_disk(image)}
        return found

    def rows(self, experiment: str | None = None) -> list[dict[str, Any]]:
        """The cells of an experiment in its order, or all of them by time, each with its metrics.

        A cell that was planned but has no outcome yet is left out.
        """
        if experiment is None:
            query = "SELECT cells.*, NULL AS experiment, '{}' AS axes FROM cells ORDER BY created, key"
        else:
            query = (
                "SELECT cells.*, membership.experiment, membership.axes FROM membership JOIN cells USING (key) "
                "WHERE membership.experiment = ? ORDER BY membership.position"
            )
        arguments = () if experiment is None else (experiment,)
        with _explained(self.root):
            cursor = self._connection.execute(query, arguments)
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            metrics = self._metrics(experiment)
        return [row | {"metrics": metrics.get(row["key"], {})} for row in rows]

    def finished(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        """(key, image) of those of `keys`, few, that are finished."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT key, image FROM cells WHERE status = 'ok' AND key IN ({marks})"
        with _explained(self.root):
            return [{"key": key, "image": image} for key, image in self._connection.execute(query, keys).fetchall()]

    def latest(self, experiment: str, limit: int) -> list[dict[str, Any]]:
        """(key, params, image, position, marks) of an experiment's finished pictures, pinned ones first, then the newest."""
        query = (
            "SELECT cells.key, params, image, position, COALESCE((SELECT json_group_object(mark, value) FROM marks "
            "WHERE marks.key = cells.key), '{}') AS found FROM membership JOIN cells USING (key) "
            "WHERE experiment = ? AND status = 'ok' AND COALESCE(json_extract(found, '$.hide'), 0) = 0 "
            "ORDER BY COALESCE(json_extract(found, '$.pin'), 0) DESC, position DESC LIMIT ?"
        )
        with _explained(self.root):
            rows = self._connection.execute(query, (experiment, limit)).fetchall()
        return [
            {"key": key, "params": params, "image": image, "position": position, "marks": json.loads(found)}
            for key, params, image, position, found in rows
        ]

    def set_mark(self, key: str, mark: str, value: Any) -> None:
        """Keep a mark of a cell (stars, a note) in place of the one before."""
        with self._transaction() as sql:
            sql.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)", (key, mark, value, now()))

    def timings(self, weights: str, dtype: str, device: str, limit: int = 500) -> list[tuple[str, float, int]]:
        """(params, device_seconds, bytes) of the latest pictures made by these weights on this device."""
        with _explained(self.root):
            return self._connection.execute(
                "SELECT params, device_seconds, bytes FROM cells WHERE weights = ? AND dtype = ? AND device = ? "
                "AND status = 'ok' AND device_seconds IS NOT NULL ORDER BY created DESC LIMIT ?",
                (weights, dtype, device, limit),
            ).fetchall()

    # -- metrics -------------------------------------------------------------------------------

    def set_metrics(self, values: Mapping[str, Mapping[str, tuple[int, Any]]]) -> None:
        """Store metrics of several cells at once: key -> name -> (version, value)."""
        with self._transaction() as sql:
            for key, metrics in values.items():
                _write_metrics(sql, key, metrics)

    def _metrics(self, experiment: str | None) -> dict[str, dict[str, Any]]:
        where = "" if experiment is None else " WHERE key IN (SELECT key FROM membership WHERE experiment = ?)"
        arguments = () if experiment is None else (experiment,)
        found: dict[str, dict[str, Any]] = {}
        query = f"SELECT key, metric, value FROM metrics{where}"
        for key, metric, value in self._connection.execute(query, arguments).fetchall():
            found.setdefault(key, {})[metric] = value
        return found

    # -- experiments ---------------------------------------------------------------------------

    def experiments(self) -> dict[str, dict[str, Any]]:
        """The spec of every experiment that ran here, by name."""
        with _explained(self.root):
            rows = self._connection.execute("SELECT name, spec FROM experiments ORDER BY created").fetchall()
        return {name: json.loads(spec) for name, spec in rows}

    def seeds(self, experiment: str, count: int) -> list[int]:
        """The random seeds stored for an experiment, as many as are there (at most `count`)."""
        with _explained(self.root):
            row = self._connection.execute("SELECT seeds FROM experiments WHERE name = ?", (experiment,)).fetchone()
        return json.loads(row[0])[:count] if row else []

    def enter(self, experiment: str, spec: Mapping[str, Any], random_seeds: int) -> list[int]:
        """Record an experiment and draw the random seeds it still lacks; returns all its seeds."""
        with self._transaction() as sql:
            row = sql.execute("SELECT seeds FROM experiments WHERE name = ?", (experiment,)).fetchone()
            seeds: list[int] = json.loads(row[0]) if row else []
            while len(seeds) < random_seeds:
                seeds.append(secrets.randbelow(2**32))
            sql.execute(
                "INSERT INTO experiments VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, seeds = excluded.seeds",
                (experiment, json.dumps(spec), json.dumps(seeds), now()),
            )
        return seeds[:random_seeds]

    def set_membership(self, experiment: str, members: Sequence[tuple[int, str, str]]) -> None:
        """Make `members` (position, key, axes as JSON) the cells of an experiment."""
        with self._transaction() as sql:
            sql.execute("DELETE FROM membership WHERE experiment = ?", (experiment,))
            sql.executemany("INSERT OR IGNORE INTO membership VALUES (?, ?, ?, ?)", ((experiment, *m) for m in members))

    def append(self, experiment: str, keys: Sequence[str]) -> None:
        """Make `keys` the last cells of an experiment, also those that were among its cells before."""
        with self._transaction() as sql:
            query = "SELECT COALESCE(MAX(position), -1) FROM membership WHERE experiment = ?"
            (last,) = sql.execute(query, (experiment,)).fetchone()
            rows = [(experiment, last + 1 + k, key, "{}") for k, key in enumerate(keys)]
            sql.executemany("INSERT OR REPLACE INTO membership VALUES (?, ?, ?, ?)", rows)

    @contextlib.contextmanager
    def alone(self, experiment: str) -> Iterator[None]:
        """Keep other runs of this experiment out meanwhile; raises StoreError where one is under way."""
        path = experiment_folder(self.root, experiment) / ".lock"
        with contextlib.ExitStack() as held:
            with _explained(self.root):
                try:
                    held.enter_context(locked(path))
                except BlockingIOError:
                    raise StoreError(
                        f"experiment {experiment!r} is being run by another process or notebook ({path} is locked); "
                        "wait until it ends, or stop it, then run this again: what it finished is reused"
                    ) from None
            yield

    # -- the file ------------------------------------------------------------------------------

    def _open_to_read(self) -> sqlite3.Connection | None:
        """The file as it is; None for one of an older dwlab, which has to be brought up to date first."""
        # not mode=ro, which could not undo what a killed writer left half done
        place = f"{self.path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(place, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA query_only = ON")
            if self._version(connection) == len(MIGRATIONS):
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
        return None

    def _open_and_mend(self) -> sqlite3.Connection:
        make_folder(self.root)
        sweep_temporaries(self.root, depth=2)  # down to images/<ab>/ and what lies in the experiments' folders
        try:
            return self._open()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter from SQLite's own message
            if not _tells_damage(error):
                raise
            self._quarantine(str(error))
            return self._open()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.create_function("gone", 1, lambda image: image is None or not (self.root / image).exists())
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()
            _check_pages(connection)
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _version(self, connection: sqlite3.Connection) -> int:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise StoreError(f"{self.path} was written by a newer dwlab; update dwlab, or use another --results folder")
        return int(version)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if self._version(connection) == len(MIGRATIONS):
            return
        with _begun(connection):
            version = self._version(connection)  # another process may have been first
            for statements in MIGRATIONS[version:]:
                for statement in filter(str.strip, statements.split(";")):
                    connection.execute(statement)
            if version == 0:  # new, or new in place of one that was damaged or lost
                self._adopt_pictures(connection)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _quarantine(self, reason: str) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        shelter = self.root / "quarantine"
        shelter.mkdir(exist_ok=True)
        # the journal first: one left behind would be taken for the new file's
        for path in (self.path.with_name("dwlab.sqlite-journal"), self.path):
            if path.exists():
                path.rename(shelter / f"{stamp}-{path.name}")
        self.notes.append(f"{self.path.name} was damaged ({reason}); it is kept as {shelter / stamp}-{self.path.name}")

    def _adopt_pictures(self, sql: sqlite3.Connection) -> None:
        """Read rows back from the recipes in the pictures; times and metrics are not in them."""
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
            )  # fmt: skip
            self._write(sql, row, None, {})
            adopted += 1
        if adopted:
            self.notes.append(f"{adopted} pictures were entered again from their own recipes")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _explained(self.root), _begun(self._connection):
            yield self._connection


def _check_pages(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(f"corrupt: {found}")


def _write_metrics(sql: sqlite3.Connection, key: str, metrics: Mapping[str, tuple[int, Any]]) -> None:
    sql.executemany(
        "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)",
        [(key, name, version, value) for name, (version, value) in metrics.items()],
    )


@contextlib.contextmanager
def _begun(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _tells_damage(error: Exception) -> bool:
    return any(word in str(error) for word in _DAMAGED)


@contextlib.contextmanager
def _explained(root: Path) -> Iterator[None]:
    """Turn what SQLite and the system say into a StoreError that says what to do."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError, OSError) as error:
        if isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error)):
            advice = f"it was in use by another process for over {BUSY_SECONDS} s; wait for that, then run this again"
        elif not isinstance(error, OSError) and _tells_damage(error):
            advice = (
                "dwlab.sqlite is damaged: run a sweep, which sets it aside and reads its rows back from the pictures "
                "(where even that ends here, move the file away first)"
            )
        else:
            advice = "check free space and permissions, then run this again: what was finished is kept"
        raise StoreError(f"the results folder {root} cannot be used: {error}; {advice}") from error
