"""An export of a stranger's, read with distrust.

Nothing is unpacked: a file is read by the name that a row or the layout gives it, never by one that
the archive chooses. An archive with names or kinds of files that no export has is refused.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import struct
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Protocol

from ...errors import InvalidInput
from . import layout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES_LIMIT = 1_000_000
DIRECTORY_LIMIT = 256 << 20  # bytes of a zip's list of files
TOTAL_LIMIT = 1 << 40  # bytes of all files
# what systems add to folders and zips that people copy
_ADDED = re.compile(r"(.*/)?(__MACOSX(/.*)?|\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)/?")
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError)
_END_OF_ZIP = b"PK\x05\x06"
_END_SIZE = 22
_COMMENT_LIMIT = 1 << 16


class Source(Protocol):
    """The files of an export."""

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        ...

    def open(self, name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open a file for reading; raises InvalidInput if it is not there or is no plain file."""
        ...


@contextlib.contextmanager
def source(path: Path) -> Iterator[Source]:
    """Open a zip or a folder; raises InvalidInput for anything that is not an export."""
    if path.is_dir():
        yield _Folder(path)
        return
    with _open_zip(path) as archive:
        yield _Zip(path, archive)


def read(source: Source, name: str, most: int) -> bytes:
    """The content of a file of at most `most` bytes; raises InvalidInput."""
    with source.open(name) as file:
        data = _read(name, file, most + 1)
    if len(data) > most:
        raise InvalidInput(name, f"more than {most:,} bytes", f"at most {most:,} bytes")
    return data


def lines(source: Source, name: str, most: int) -> Iterator[bytes]:
    """The lines of a file; one above `most` bytes is cut, and raises InvalidInput where it is read."""
    with source.open(name) as file:
        while True:
            try:
                line = file.readline(most + 1)
            except _BROKEN as error:
                raise _broken(name, error) from None
            if not line:
                return
            yield line.rstrip(b"\n")


def _read(name: str, file: IO[bytes], most: int) -> bytes:
    try:
        return file.read(most)
    except _BROKEN as error:
        raise _broken(name, error) from None


def _broken(name: str, error: BaseException) -> InvalidInput:
    return InvalidInput(name, "a file that cannot be read", f"an export that is whole ({error})")


class _Folder:
    """An export in a folder; links in it are not followed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if not self.has(layout.SWEEP):
            raise _no_export(folder)

    def has(self, name: str) -> bool:
        return os.path.lexists(self._folder / name)

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        path = self._folder / name
        for folder in path.relative_to(self._folder).parents:
            if (self._folder / folder).is_symlink() and folder.parts:
                raise _no_file(name, "a folder, not a link")
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
        except (OSError, ValueError):
            raise _no_file(name, "a plain file that can be read") from None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise _no_file(name, "a plain file, not a folder, pipe or device")
        with os.fdopen(handle, "rb") as file:
            yield file


class _Zip:
    """An export in a zip; it may stand in one folder there, as after packing by hand."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        entries = archive.infolist()
        if len(entries) > FILES_LIMIT:
            allowed = f"at most {FILES_LIMIT:,} files"
            raise InvalidInput(path.name, f"{len(entries):,} files", allowed)
        own = [entry for entry in entries if not _ADDED.fullmatch(entry.filename)]
        _check_entries(path, own)
        self._entries = {entry.filename: entry for entry in own if not entry.is_dir()}
        self._start = self._folder_of_export(path)

    def _folder_of_export(self, path: Path) -> str:
        if layout.SWEEP in self._entries:
            return ""
        starts = {name.partition("/")[0] for name in self._entries}
        start = f"{starts.pop()}/" if len(starts) == 1 else ""
        if f"{start}{layout.SWEEP}" not in self._entries:
            raise _no_export(path)
        return start

    def has(self, name: str) -> bool:
        return f"{self._start}{name}" in self._entries

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        entry = self._entries.get(f"{self._start}{name}")
        if entry is None:
            raise _no_file(name, "a file that is in the export")
        try:
            file = self._archive.open(entry)
        except (*_BROKEN, RuntimeError) as error:
            raise _broken(name, error) from None
        with file:
            yield file


@contextlib.contextmanager
def _open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        is_regular = stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        raise InvalidInput("export", str(path), "a zip or folder that exists") from None
    if not is_regular:
        raise InvalidInput("export", str(path), "a zip or a folder, not a pipe or a device")
    _check_directory(path)
    try:
        archive = zipfile.ZipFile(path)
    except (*_BROKEN, OSError):
        raise _no_export(path) from None
    with archive:
        yield archive


def _check_directory(path: Path) -> None:
    """Refuse a zip with an endless list of files, which would all be in memory once it is opened."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _COMMENT_LIMIT - _END_SIZE))
        tail = file.read()
    start = tail.rfind(_END_OF_ZIP)
    if start < 0 or len(tail) < start + _END_SIZE:
        raise _no_export(path)
    (length,) = struct.unpack_from("<I", tail, start + 12)
    # all ones: the length stands elsewhere, because there is more than 4 GiB or 65,535 files
    if length == 0xFFFFFFFF:
        length = _length_in_zip64(path, tail, start)
    if length > DIRECTORY_LIMIT:
        allowed = f"a list of files of at most {DIRECTORY_LIMIT >> 20} MiB"
        raise InvalidInput(path.name, f"one of {length >> 20:,} MiB", allowed)


def _length_in_zip64(path: Path, tail: bytes, start: int) -> int:
    record = tail.rfind(b"PK\x06\x06", 0, start)
    if record < 0 or len(tail) < record + 56:
        raise _no_export(path)
    return int(struct.unpack_from("<Q", tail, record + 40)[0])


def _check_entries(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    """Raise InvalidInput for names that lead elsewhere or collide, and for what is no plain file."""
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        # zipfile cuts names at a NUL, and puts slashes in the place of some backslashes
        if _leads_elsewhere(entry.orig_filename) or _leads_elsewhere(name):
            raise _refused(path, name, "names of files below the folder")
        if name.casefold() in seen:
            raise _refused(path, name, "names that differ in more than upper and lower case")
        seen.add(name.casefold())
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _refused(path, name, "plain files, no links or devices")
        if entry.flag_bits & 1:
            raise _refused(path, name, "files without a password")
    total = sum(entry.file_size for entry in entries)
    if total > TOTAL_LIMIT:
        raise InvalidInput(path.name, f"{total >> 30:,} GiB", f"at most {TOTAL_LIMIT >> 30:,} GiB")


def _leads_elsewhere(name: str) -> bool:
    parts = name.removesuffix("/").split("/")
    is_odd = "\\" in name or ":" in name or not name.isprintable()
    return is_odd or any(part in ("", ".", "..") for part in parts)


def _refused(path: Path, name: str, allowed: str) -> InvalidInput:
    return InvalidInput(f"a file in {path.name}", name, f"{allowed}; this is no export of dwlab")


def _no_file(name: str, allowed: str) -> InvalidInput:
    return InvalidInput("file", name, allowed)


def _no_export(path: Path) -> InvalidInput:
    allowed = f"a zip or folder that `dwlab export` wrote, with {layout.SWEEP} in it"
    return InvalidInput("export", str(path), allowed)
