"""Files that are whole or not there: written aside, flushed, then moved into place."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import platform
import re
import shutil
import stat
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

_NODE = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
_COUNTER = itertools.count()
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_TEMPORARY = re.compile(r"\.tmp-([0-9a-f]{8})-(\d+)-\d+-\d+(\..*)?")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it takes the place of `path` on a clean exit only."""
    make_folder(path.parent)
    name = f".tmp-{_NODE}-{os.getpid()}-{threading.get_ident()}-{next(_COUNTER)}{path.suffix}"
    temporary = path.parent / name
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)  # noqa: PTH105  # the call that tests fail on purpose
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a reader, or a crash, sees all of it or none."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file, or a link to one, for reading.

    Raises OSError, without waiting, for a pipe, a device, a socket or a folder: reading such a thing may never end.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return path.open("rb")


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, so that they are still there after a power cut."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last."""
    if os.name != "posix":  # Windows cannot open a folder
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def set_aside(root: Path, *paths: Path) -> Path:
    """Move what lies at `paths` to `quarantine/` below `root`, so that nothing is lost; returns where the last one is then."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    shelter = root / "quarantine"
    make_folder(shelter)
    for path in paths:
        moved = shelter / f"{stamp}-{path.name}"
        shutil.move(path, moved)  # also from another disk, to which a link in the folder may lead
    return moved


def sweep_temporaries(folder: Path, depth: int) -> int:
    """Remove temporary files that a dead process of this machine left in `folder`, or `depth` folders below it.

    Follows no links; returns how many files were removed.
    """
    removed = 0
    with (
        contextlib.suppress(FileNotFoundError, PermissionError),
        os.scandir(folder) as entries,
    ):  # of others, perhaps
        for entry in entries:
            match = _TEMPORARY.fullmatch(entry.name)
            if match and match[1] == _NODE and not _alive(int(match[2])):
                (folder / entry.name).unlink(missing_ok=True)
                removed += 1
            elif depth and entry.is_dir(follow_symlinks=False):
                removed += sweep_temporaries(folder / entry.name, depth - 1)
    return removed


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file, which is made if need be; raises BlockingIOError if it is held already.

    The system lets go of it when its holder dies. On file systems that know no locks (some network ones) nothing is held.
    """
    from filelock import FileLock, Timeout

    make_folder(path.parent)
    lock = FileLock(path, blocking=False, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise BlockingIOError(errno.EWOULDBLOCK, "locked by another process", str(path)) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    try:
        yield
    finally:
        lock.release()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
