"""A model's identity: a hash over the files of its folder."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from .._util.regular_file import open_regular
from ..errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .checkpoint import Checkpoint

log = logging.getLogger(__name__)
# what a loader may open: weights, configs, vocabularies and templates of prompts
SUFFIXES = (".safetensors", ".json", ".txt", ".model", ".jinja")
ENTRIES_LIMIT = 10_000  # files and folders below a model's folder; a pipeline has about thirty
_FOLDER = "folder"  # instead of the mark of a file
_TENSORS = "#tensors"  # after the path of a file: the hash is that of its tensors alone
SETTLED = 2.0  # seconds after which another change of a file is sure to show in its times


def of_folder(folder: Path) -> str:
    """A hash over the names and contents of all files that a loader may open, also behind links.

    Raises ModelError for links that lead back up or nowhere, and for pipes and devices.
    """
    digest = hashlib.sha256()
    known = _read_hashes()
    hashes = dict(known)
    for path in _files(folder):
        content = _content_hash(path, hashes)
        digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    if hashes != known:
        _write_hashes(hashes)
    return digest.hexdigest()


def of_checkpoint(checkpoint: Checkpoint) -> str:
    """A hash over a model in one file, its configs, and the parts that other folders lend it.

    The file's name and those of the folders do not count. Weights beside the configs count only if
    they are lent. Raises ModelError like `of_folder`.
    """
    digest = hashlib.sha256()
    known = _read_hashes()
    hashes = dict(known)
    digest.update(f"file {_content_hash(checkpoint.file, hashes)}\n".encode())
    for path in _files(checkpoint.configs):
        if path.suffix != ".safetensors":
            name = path.relative_to(checkpoint.configs).as_posix()
            digest.update(f"{name} {_content_hash(path, hashes)}\n".encode())
    if hashes != known:
        _write_hashes(hashes)
    for part, folder in checkpoint.lent:
        digest.update(f"lent {part} {of_folder(folder)}\n".encode())
    return digest.hexdigest()


def of_file(path: Path) -> str:
    """The SHA-256 of a regular file's content, also behind links, in hexadecimal digits.

    Raises ModelError for a file that cannot be read.
    """
    known = _read_hashes()
    hashes = dict(known)
    content = _content_hash(path, hashes)
    if hashes != known:
        _write_hashes(hashes)
    return content


def of_tensors(path: Path) -> str:
    """The SHA-256 of what follows a safetensors file's header, by which other tools know LoRAs.

    Raises ModelError for a file that cannot be read.
    """
    known = _read_hashes()
    hashes = dict(known)
    content = _content_hash(path, hashes, tensors=True)
    if hashes != known:
        _write_hashes(hashes)
    return content


def named(short: str) -> set[str]:
    """The SHA-256 of files read here before, by the beginning of it or of that of their tensors."""
    hashes = _read_hashes()
    contents = set()
    for name, (mark, content) in hashes.items():
        if mark == _FOLDER or not content.startswith(short):
            continue
        whole = hashes.get(name.removesuffix(_TENSORS))
        if whole and whole[0] == mark:
            contents.add(whole[1])
    return contents


def of_part(folder: Path, files: Sequence[Path]) -> str:
    """A hash over some files in a folder, as `of_folder` makes it; `folders_with` finds it again.

    Raises ModelError like `of_file`.
    """
    digest = hashlib.sha256()
    known = _read_hashes()
    hashes = dict(known)
    for path in sorted(files):
        content = _content_hash(path, hashes)
        digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    hashes[str(folder.absolute())] = [_FOLDER, digest.hexdigest()]
    if hashes != known:
        _write_hashes(hashes)
    return digest.hexdigest()


def files_with(content: str) -> list[Path]:
    """Files of this machine whose content had a SHA-256 when it was last read here."""
    return [
        Path(name)
        for name, (mark, known) in _read_hashes().items()
        if known == content and mark != _FOLDER and not name.endswith(_TENSORS)
    ]


def folders_with(content: str) -> list[Path]:
    """Folders of this machine that had a hash when `of_part` last read them here."""
    return [
        Path(name)
        for name, (mark, known) in _read_hashes().items()
        if known == content and mark == _FOLDER
    ]


@dataclass(frozen=True)
class _Folder:
    """A folder to look through. real: the true paths of the folders around it and of itself."""

    path: Path
    real: list[Path]


def _files(folder: Path) -> list[Path]:
    """The files that count, sorted."""
    files = []
    waiting = [_Folder(folder, [folder.resolve()])]
    entries = 0
    while waiting:
        current = waiting.pop()
        for path in _entries(current.path):
            entries += 1
            if entries > ENTRIES_LIMIT:
                raise ModelError(
                    f"{folder} holds more than {ENTRIES_LIMIT:,} files and folders, also through "
                    "links; give the folder of one pipeline"
                )
            real = current.real[-1] / path.name
            if real.is_symlink():
                real = _target(path, real, current.real)
            if real.is_dir():
                waiting.append(_Folder(path, [*current.real, real]))
            elif path.suffix in SUFFIXES:
                files.append(path)
    return sorted(files)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise ModelError(f"{folder} cannot be read: {error.strerror}") from error


def _target(path: Path, link: Path, around: list[Path]) -> Path:
    """Where a link leads; refuses a link to a folder that contains it, which would never end."""
    try:
        target = Path(os.path.realpath(link, strict=True))
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ModelError(f"{path} is a link that leads back to itself; remove it") from error
        if path.suffix in SUFFIXES:
            raise ModelError(
                f"{path} is a link to a file that does not exist; restore the file or remove the "
                "link"
            ) from error
        return link
    if any(folder.is_relative_to(target) for folder in around):
        raise ModelError(
            f"{path} is a link to a folder that contains it ({target}), so it has no end; remove it"
        )
    return target


def _content_hash(path: Path, hashes: dict[str, list[str]], *, tensors: bool = False) -> str:
    """The hash of a file's content, read again only if its size, times or inode changed.

    hashes: the known ones, to which this one is added. tensors: without the header.
    """
    name = str(path.resolve()) + (_TENSORS if tensors else "")
    try:
        with open_regular(path) as file:
            status = os.fstat(file.fileno())
            mark = _mark(status)
            if name in hashes and hashes[name][0] == mark:
                return hashes[name][1]
            if tensors:
                file.seek(int.from_bytes(file.read(8), "little"), os.SEEK_CUR)
            content = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    if time.time() - status.st_ctime > SETTLED:
        hashes[name] = [mark, content]
    return content


def _mark(status: os.stat_result) -> str:
    """What changes when a file does.

    The change time and the inode reveal a file that was replaced by one of the same size and date.
    """
    return f"{status.st_size}|{status.st_mtime_ns}|{status.st_ctime_ns}|{status.st_ino}"


def _hashes_path() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("dwlab")) / "file-hashes.json"


def _read_hashes() -> dict[str, list[str]]:
    """The kept marks and hashes, by path; entries of older versions are left out."""
    try:
        kept = json.loads(_hashes_path().read_text("utf-8"))
        return {name: value for name, value in kept.items() if _is_entry(value)}
    except (OSError, ValueError, AttributeError):
        return {}


def _is_entry(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2


def _write_hashes(hashes: dict[str, list[str]]) -> None:
    try:
        write_atomic(_hashes_path(), json.dumps(hashes).encode())
    # it is only a cache: without it files are hashed again
    except OSError as error:
        log.info("the cache of file hashes cannot be written: %s", error)
