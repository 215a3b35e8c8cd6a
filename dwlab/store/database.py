"""The store's SQLite file: opened, checked, migrated, repaired, and written in transactions."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from .._util.atomic import make_folder, sweep_temporaries
from ..errors import StoreError
from . import images
from .quarantine import set_aside
from .tables import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STORE_FILE = "dwlab.sqlite"
BUSY_SECONDS = 30
# temporary files lie in experiments' folders, and in the folders of `images/`
TEMPORARIES_DEPTH = 2
# SQLite says one of these of a damaged file; Python says `decode` of damage in SQLite's own message
_SIGNS_OF_DAMAGE = (
    "malformed",
    "not a database",
    "corrupt",
    "unsupported file format",
    "decode",
)


class StoreFile:
    """An open connection to `dwlab.sqlite` in the folder `root`; its rows are `sqlite3.Row`s.

    read_back: writes rows into a file that is new, because there was none or it was damaged, and
    returns what it entered, in words. read, check: see Store. notes: what was repaired. Raises
    StoreError.
    """

    def __init__(
        self,
        root: Path,
        read_back: Callable[[sqlite3.Connection], list[str]],
        *,
        read: bool = False,
        check: bool = True,
    ) -> None:
        self.root = root
        self._checks = check
        # as text, because a Path would be turned into text once per picture
        self._folder = str(root)
        self.path = root / STORE_FILE
        self.notes: list[str] = []
        self._read_back = read_back
        with explained(root):
            connection = self._open_to_read() if read else None
            self.connection = connection or self._open_and_repair()
        self.connection.row_factory = sqlite3.Row

    def query(self, statement: str, **arguments: object) -> list[sqlite3.Row]:
        """The rows that a SELECT statement returns. arguments: its named parameters."""
        with explained(self.root):
            return self.connection.execute(statement, arguments).fetchall()

    def tuples(self, statement: str, **arguments: object) -> list[tuple[Any, ...]]:
        """The same rows as plain tuples, which are faster to unpack where there may be 100,000."""
        with explained(self.root):
            cursor = self.connection.cursor()
            cursor.row_factory = None
            return cursor.execute(statement, arguments).fetchall()

    def each(self, statement: str, **arguments: object) -> Iterator[tuple[Any, ...]]:
        """The same rows one by one, where there may be millions; take them all at once.

        A reader that stops in between keeps writers out.
        """
        with explained(self.root):
            cursor = self.connection.cursor()
            cursor.row_factory = None
            yield from cursor.execute(statement, arguments)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit everything that is done within, or nothing of it."""
        with explained(self.root), _transaction(self.connection):
            yield self.connection

    def has_picture(self, image: str, size: int | None) -> bool:
        """Whether a picture of a row is on the disk with the size that was written."""
        return images.is_there(f"{self._folder}/{image}", size)

    def _open_to_read(self) -> sqlite3.Connection | None:
        """The file as it is; None if it is from an older dwlab, and has to be migrated first.

        One that cannot be written is migrated in memory.
        """
        # not mode=ro, which could not undo what a killed writer left half done
        address = f"{self.path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA query_only = ON")
            version = self._version(connection)
            if version == len(MIGRATIONS):
                return connection
            if version and _is_read_only(connection, version):
                return self._migrated_copy(connection)
        except BaseException:
            connection.close()
            raise
        connection.close()
        return None

    def _migrated_copy(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        copy = sqlite3.connect(":memory:", isolation_level=None)
        connection.backup(copy)
        connection.close()
        self._migrate(copy)
        copy.execute("PRAGMA query_only = ON")
        return copy

    def _open_and_repair(self) -> sqlite3.Connection:
        make_folder(self.root)
        if self._checks:
            sweep_temporaries(self.root, TEMPORARIES_DEPTH)
        try:
            return self._open()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not _is_damage(error):
                raise
            self._quarantine(str(error))
            return self._open()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.create_function("gone", 2, self._is_gone)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()
            if self._checks:
                _check_pages(connection)
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_gone(self, image: str | None, size: int | None) -> bool:
        """Whether the picture of a finished row is missing, or differs from what was written.

        It is asked only when the row is written again.
        """
        path = self.root / (image or "")
        return not images.is_there(str(path), size) or not images.is_whole(path)

    def _version(self, connection: sqlite3.Connection) -> int:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self.path} was written by a newer dwlab; update dwlab, or use another --results "
                "folder"
            )
        return int(version)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if self._version(connection) == len(MIGRATIONS):
            return
        with _transaction(connection):
            # asked again: another process may have been first
            version = self._version(connection)
            for migration in MIGRATIONS[version:]:
                for statement in migration.split(";"):
                    connection.execute(statement)
            if version == 0:
                # it may replace one that was damaged or lost
                self.notes += self._read_back(connection)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _quarantine(self, reason: str) -> None:
        # the journal first: one left behind would be taken for the new file's
        journal = self.path.with_name(f"{STORE_FILE}-journal")
        paths = [path for path in (journal, self.path) if path.exists()]
        moved = set_aside(self.root, *paths)
        self.notes.append(f"{STORE_FILE} was damaged ({reason}); it is kept as {moved}")


def _is_read_only(connection: sqlite3.Connection, version: int) -> bool:
    """Whether the file or its folder cannot be written, because of permissions or the disk."""
    connection.execute("PRAGMA query_only = OFF")
    try:
        with _transaction(connection):
            # the transaction alone would begin without an error
            connection.execute(f"PRAGMA user_version = {version}")
    except sqlite3.OperationalError as error:
        return "readonly" in str(error) or "unable to open" in str(error)
    return False


def _check_pages(connection: sqlite3.Connection) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"corrupt: {verdict}")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def explained(root: Path) -> Iterator[None]:
    """Turn errors of SQLite and of the system into a StoreError that says what to do."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError, OSError) as error:
        raise StoreError(
            f"the results folder {root} cannot be used: {error}; {_advice(error)}"
        ) from error


def _advice(error: Exception) -> str:
    if _is_busy(error):
        return (
            f"it was in use by another process for over {BUSY_SECONDS} s; wait until that ends, "
            "then run this again"
        )
    if _is_damage(error):
        return (
            f"{STORE_FILE} is damaged: run a sweep, which sets it aside and reads its rows back "
            "from the pictures (if that fails too, move the file away first)"
        )
    return "check free space and permissions, then run this again: finished work is saved"


def _is_busy(error: Exception) -> bool:
    text = str(error)
    return isinstance(error, sqlite3.OperationalError) and ("locked" in text or "busy" in text)


def _is_damage(error: Exception) -> bool:
    if isinstance(error, OSError):
        return False
    return any(sign in str(error) for sign in _SIGNS_OF_DAMAGE)
