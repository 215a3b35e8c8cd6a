"""Atomic writes: a file is whole or not there, because it is written aside and moved into place."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import platform
import re
import shutil
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# a temporary file's name tells which machine, process and thread writes it
_MACHINE = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
_TEMPORARY = re.compile(r"\.tmp-(?P<machine>[0-9a-f]{8})-(?P<process>\d+)-\d+-\d+(\..*)?")
_COUNTER = itertools.count()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; on a clean exit that file replaces `path`."""
    make_folder(path.parent)
    temporary = path.parent / temporary_name(path.suffix)
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


def temporary_name(suffix: str) -> str:
    """A name for a file of this thread, which `sweep_temporaries` knows if the thread dies."""
    return f".tmp-{_MACHINE}-{os.getpid()}-{threading.get_ident()}-{next(_COUNTER)}{suffix}"


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, so that they are still there after a power cut."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Write a folder's list of names to the disk, so that it outlives a power cut."""
    if os.name != "posix":  # Windows cannot open a folder
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep_temporaries(folder: Path, depth: int) -> int:
    """Remove temporary files and folders that dead processes of this machine left in a folder.

    depth: how many levels of folders below it are searched too; links are not followed. Returns how
    many were removed.
    """
    removed = 0
    # the folder may be gone by now, or belong to somebody else
    with contextlib.suppress(FileNotFoundError, PermissionError), os.scandir(folder) as entries:
        for entry in entries:
            if _is_orphan(entry.name):
                _remove(folder / entry.name, is_folder=entry.is_dir(follow_symlinks=False))
                removed += 1
            elif depth and entry.is_dir(follow_symlinks=False):
                removed += sweep_temporaries(folder / entry.name, depth - 1)
    return removed


def _remove(path: Path, *, is_folder: bool) -> None:
    if is_folder:
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_orphan(name: str) -> bool:
    """Whether a file of this name was left by a process of this machine that is dead."""
    match = _TEMPORARY.fullmatch(name)
    if match is None or match["machine"] != _MACHINE:
        return False
    return not _is_alive(int(match["process"]))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # alive, but of another user
        return True
    return True
