"""Pictures on disk: each is named by the hash of its bytes and contains its recipe."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from typing import TYPE_CHECKING

from .._util.atomic import sync_folder, write_atomic
from .._util.unused_files import renew
from ..pictures.png import BROKEN
from .quarantine import set_aside

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image


_HASH = re.compile("[0-9a-f]{64}")


def save_picture(root: Path, data: bytes) -> str:
    """Write a PNG durably under the hash of its bytes; returns the path relative to `root`.

    A file of that name with other bytes is replaced. A folder of that name is moved to
    `quarantine/`.
    """
    digest = hashlib.sha256(data).hexdigest()
    relative = f"images/{digest[:2]}/{digest}.png"
    path = root / relative
    if not path.is_symlink() and _content(path) == data and renew(path):
        # the process that wrote it may have died before doing so
        sync_folder(path.parent)
        return relative
    if path.is_dir() and not path.is_symlink():
        set_aside(root, path)
    write_atomic(path, data)
    return relative


def is_there(path: str, size: int | None) -> bool:
    """Whether there is a file of `size` bytes (None: of any size) at `path`.

    It makes a single system call, because there may be 100,000 pictures.
    """
    try:
        # making a Path would take longer than the call
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(status.st_mode) and size in (None, status.st_size)


def is_whole(path: Path) -> bool:
    """Whether a stored picture still has the bytes that it is named after."""
    data = _content(path)
    return data is not None and _is_named_after(path, data)


def _is_named_after(path: Path, data: bytes) -> bool:
    return hashlib.sha256(data).hexdigest() == path.stem


def _content(path: Path) -> bytes | None:
    """The bytes of a file; None if it is not a regular one: a pipe or a device might never end."""
    if not is_there(str(path), None):
        return None
    try:
        return path.read_bytes()
    except OSError:
        return None


def read_picture(path: Path) -> Image.Image | None:
    """The RGB picture in a file; None if it is missing, broken or not what its name is the hash of."""
    from PIL import Image

    data = _content(path)
    if data is None:
        return None
    if _HASH.fullmatch(path.stem) and not _is_named_after(path, data):
        return None
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
            return image.convert("RGB")
    except (*BROKEN, Image.DecompressionBombError):
        return None
