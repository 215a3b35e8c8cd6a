"""Where an export is written: a folder or a zip, whole or not at all, with the same bytes each time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import zipfile
from typing import IO, TYPE_CHECKING, Protocol

from ..._util.atomic import (
    make_folder,
    replacing,
    sweep_temporaries,
    sync_folder,
    temporary_name,
)
from ...errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK = 1 << 20  # bytes that are in memory at a time
ZIP = ".zip"
# the earliest time that a zip can name: the time of an export is not part of it
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR = 0o100644 << 16
# these are compressed already
_STORED = (".png",)


class Sink(Protocol):
    """Takes the files of an export, one after the other. sums: their SHA-256 by name."""

    sums: dict[str, str]

    def add(self, name: str, source: IO[bytes], size: int) -> None:
        """Write a file of `size` bytes under a name with slashes."""
        ...


class _Folder:
    """Writes files into a folder."""

    def __init__(self, folder: Path) -> None:
        self.sums: dict[str, str] = {}
        self._folder = folder

    def add(self, name: str, source: IO[bytes], size: int) -> None:  # noqa: ARG002  # see Sink
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as target:
            self.sums[name] = _copy(source, target)
            target.flush()
            os.fsync(target.fileno())

    def sync(self) -> None:
        """Make the folders durable, the deepest first."""
        for path in sorted(self._folder.rglob("*"), reverse=True):
            if path.is_dir():
                sync_folder(path)
        sync_folder(self._folder)


class _Zip:
    """Writes files into a zip."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.sums: dict[str, str] = {}
        self._archive = archive

    def add(self, name: str, source: IO[bytes], size: int) -> None:
        entry = zipfile.ZipInfo(name, _TIME)
        entry.create_system = _UNIX
        entry.external_attr = _REGULAR
        is_stored = name.endswith(_STORED)
        entry.compress_type = zipfile.ZIP_STORED if is_stored else zipfile.ZIP_DEFLATED
        # it decides whether the header has room for more than 4 GiB
        entry.file_size = size
        with self._archive.open(entry, "w") as target:
            self.sums[name] = _copy(source, target)


@contextlib.contextmanager
def sink(path: Path) -> Iterator[Sink]:
    """Open an export for writing: a zip if `path` ends in .zip, otherwise a folder.

    On a clean exit it is there, whole; otherwise there is nothing. A zip that is there is replaced.
    Raises InvalidInput for a folder that is there, unless it is empty.
    """
    make_folder(path.parent)
    sweep_temporaries(path.parent, 0)
    if path.suffix.lower() == ZIP:
        with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            yield _Zip(archive)
        return
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise InvalidInput(
            "output", str(path), "a path that is not there yet, or one that ends in .zip"
        )
    temporary = path.parent / temporary_name("")
    temporary.mkdir()
    try:
        folder = _Folder(temporary)
        yield folder
        folder.sync()
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    """Copy everything, in pieces; returns its SHA-256."""
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()
