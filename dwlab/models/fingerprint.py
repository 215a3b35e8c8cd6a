"""A model's identity: a hash over the files of its folder."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import time
from pathlib import Path

from .._util.atomic import write_atomic
from .._util.regular_file import open_regular
from ..errors import ModelError

log = logging.getLogger(__name__)
# what a loader may open: weights, configs, vocabularies and templates of prompts
SUFFIXES = (".safetensors", ".json", ".txt", ".model", ".jinja")
ENTRIES_LIMIT = 10_000  # files and folders below a model's folder; a pipeline has about thirty
SETTLED = 2.0  # seconds after which another change of a file is sure to show in its times


def of_folder(folder: Path) -> str:
    """A hash over the names and contents of all files that a loader may open, also those behind links.

    Raises ModelError for a link that leads back up or nowhere, and for a pipe or a device in a file's place.
    """
    digest = hashlib.sha256()
    known = _read_hashes()
    fresh = dict(known)
    for path in _files(folder):
        content = _content_hash(path, fresh)
        digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    if fresh != known:
        _write_hashes(fresh)
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    """The files that count, in order."""
    found = []
    waiting = [
        (folder, [folder.resolve()])
    ]  # each with where it and the folders around it really are
    entries = 0
    while waiting:
        current, around = waiting.pop()
        for path in _entries(current):
            entries += 1
            if entries > ENTRIES_LIMIT:
                raise ModelError(
                    f"{folder} holds more than {ENTRIES_LIMIT:,} files and folders, also through links; "
                    "give the folder of one pipeline"
                )
            place = around[-1] / path.name
            if place.is_symlink():
                place = _target(path, place, around)
            if place.is_dir():
                waiting.append((path, [*around, place]))
            elif path.suffix in SUFFIXES:
                found.append(path)
    return sorted(found)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise ModelError(f"{folder} cannot be read: {error.strerror}") from error


def _target(path: Path, link: Path, around: list[Path]) -> Path:
    """Where a link leads; one to a folder that it lies in is refused, as following it would never end."""
    try:
        target = Path(os.path.realpath(link, strict=True))
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ModelError(f"{path} is a link that leads back to itself; remove it") from error
        if path.suffix in SUFFIXES:
            raise ModelError(
                f"{path} is a link to a file that is not there; restore the file or remove it"
            ) from error
        return link
    if any(folder.is_relative_to(target) for folder in around):
        raise ModelError(
            f"{path} is a link to a folder that it lies in ({target}), so it has no end; remove it"
        )
    return target


def _content_hash(path: Path, known: dict[str, list[str]]) -> str:
    """The hash of a file's content; `known` spares reading a file again while its times, size and place are the same."""
    place = str(path.resolve())
    try:
        with open_regular(path) as file:
            stat = os.fstat(file.fileno())
            # the change time and the inode tell a file that was replaced by one of its size, with its date put back
            mark = f"{stat.st_size}|{stat.st_mtime_ns}|{stat.st_ctime_ns}|{stat.st_ino}"
            if place in known and known[place][0] == mark:
                return known[place][1]
            content = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    if time.time() - stat.st_ctime > SETTLED:
        known[place] = [mark, content]
    return content


def _hashes_path() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("dwlab")) / "file-hashes.json"


def _read_hashes() -> dict[str, list[str]]:
    """The kept hashes, by path; what an older version kept under other names is left out."""
    try:
        kept = json.loads(_hashes_path().read_text("utf-8"))
        return {
            place: value
            for place, value in kept.items()
            if isinstance(value, list) and len(value) == 2
        }
    except (OSError, ValueError, AttributeError):
        return {}


def _write_hashes(hashes: dict[str, list[str]]) -> None:
    try:
        write_atomic(_hashes_path(), json.dumps(hashes).encode())
    except OSError as error:  # only a cache: hashing again is the cost
        log.info("the cache of file hashes cannot be written: %s", error)
