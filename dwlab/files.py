"""Files that are whole or not there: written aside, flushed, then moved into place."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import platform
import re
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NODE = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
_COUNTER = itertools.count()
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


def sweep_temporaries(folder: Path) -> int:
    """Remove temporary files below `folder` that a dead process of this machine left; returns how many."""
    removed = 0
    for path in folder.rglob(".tmp-*"):
        match = _TEMPORARY.fullmatch(path.name)
        if match and match[1] == _NODE and not _alive(int(match[2])):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
