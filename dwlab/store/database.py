"""The store's SQLite file: opened, checked, migrated, quarantined when damaged, and written in transactions."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

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
_DAMAGED = ("malformed", "not a database", "corrupt", "unsupported file format", "decode")


class StoreFile:
    """An open connection to `dwlab.sqlite` in the folder `root`.

    fill: enters rows into a file that is new, or new in place of a damaged one, and returns how many it entered.
    read: only read what is there; see Store. notes: what opening had to mend. Raises StoreError.
    """

    def __init__(
        self, root: Path, fill: Callable[[sqlite3.Connection], int], *, read: bool = False
    ):
        self.root = root
        self.path = root / STORE_FILE
        self.notes: list[str] = []
        self._fill = fill
        with explained(root):
            self.connection = (self._open_to_read() if read else None) or self._open_and_mend()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit all that is done within, or nothing of it."""
        with explained(self.root), _begun(self.connection):
            yield self.connection

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
        sweep_temporaries(
            self.root, depth=2
        )  # down to images/<ab>/ and what lies in the experiments' folders
        try:
            return self._open()
        except (
            sqlite3.DatabaseError,
            UnicodeDecodeError,
        ) as error:  # the latter from SQLite's own message
            if not _tells_damage(error):
                raise
            self._quarantine(str(error))
            return self._open()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.create_function("gone", 2, self._gone)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()
            _check_pages(connection)
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _gone(self, image: str | None, size: int | None) -> bool:
        """Whether a finished row's picture is missing or is not what was written; asked only when a row is written again."""
        path = self.root / (image or "")
        return not images.is_there(str(path), size) or not images.is_whole(path)

    def _version(self, connection: sqlite3.Connection) -> int:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self.path} was written by a newer dwlab; update dwlab, or use another --results folder"
            )
        return int(version)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if self._version(connection) == len(MIGRATIONS):
            return
        with _begun(connection):
            version = self._version(connection)  # another process may have been first
            for statements in MIGRATIONS[version:]:
                for statement in filter(str.strip, statements.split(";")):
                    connection.execute(statement)
            if version == 0 and (
                entered := self._fill(connection)
            ):  # new in place of one that was damaged or lost
                self.notes.append(f"{entered} pictures were entered again from their own recipes")
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _quarantine(self, reason: str) -> None:
        # the journal first: one left behind would be taken for the new file's
        paths = (self.path.with_name("dwlab.sqlite-journal"), self.path)
        moved = set_aside(self.root, *(path for path in paths if path.exists()))
        self.notes.append(f"{self.path.name} was damaged ({reason}); it is kept as {moved}")


def _check_pages(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(f"corrupt: {found}")


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
def explained(root: Path) -> Iterator[None]:
    """Turn what SQLite and the system say into a StoreError that says what to do."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError, OSError) as error:
        if isinstance(error, sqlite3.OperationalError) and (
            "locked" in str(error) or "busy" in str(error)
        ):
            advice = f"it was in use by another process for over {BUSY_SECONDS} s; wait for that, then run this again"
        elif not isinstance(error, OSError) and _tells_damage(error):
            advice = (
                "dwlab.sqlite is damaged: run a sweep, which sets it aside and reads its rows back from the pictures "
                "(where even that ends here, move the file away first)"
            )
        else:
            advice = (
                "check free space and permissions, then run this again: what was finished is kept"
            )
        raise StoreError(f"the results folder {root} cannot be used: {error}; {advice}") from error
