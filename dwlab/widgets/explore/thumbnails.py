"""Small copies of the pictures in a results folder, kept so that each is made once."""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

from ..._util.atomic import temporary_name
from ...store.images import read_picture
from ..saved_state import FOLDER
from ..small_pictures import small_jpeg

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)
SIDES = (128, 256, 384)  # pixels
BEGINNING, END = b"\xff\xd8", b"\xff\xd9"  # of every JPEG
KEPT = 2_000  # thumbnails in memory, of about 5 kB each
FILES_KEPT = 20_000  # on the disk, about 100 MB
CHECK_EVERY = 1_000  # new files


class Thumbnails:
    """Thumbnails of pictures, by their paths relative to the results folder `root`.

    They are files in `.panels/`, which can be deleted at any time; the oldest go when there are many.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._recent: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._written = 0

    def jpeg(self, image: str, side: int) -> bytes:
        """A picture as a JPEG that fits into a square; empty if its file cannot be read now.

        side: one of SIDES.
        """
        data = self._recent.pop((image, side), b"") or self._stored(image, side)
        if data:
            self._recent[image, side] = data
        if len(self._recent) > KEPT:
            self._recent.popitem(last=False)
        return data

    def _stored(self, image: str, side: int) -> bytes:
        name = hashlib.sha256(image.encode()).hexdigest()
        folder = self._root / FOLDER / "thumbnails"
        path = folder / name[:2] / f"{name}-{side}.jpg"
        data = _whole_jpeg(path)
        if data:
            return data
        picture = read_picture(self._root / image)
        if picture is None:
            return b""
        data = small_jpeg(picture, side=side)
        if self._written % CHECK_EVERY == 0:
            _remove_oldest(folder)
        self._written += 1
        _keep(path, data)
        return data


def _whole_jpeg(path: Path) -> bytes:
    """The bytes of a JPEG; empty if it is missing, or a power cut left only a part of it."""
    try:
        data = path.read_bytes()
    except OSError:
        return b""
    return data if data.startswith(BEGINNING) and data.endswith(END) else b""


def _keep(path: Path, data: bytes) -> None:
    """Write a thumbnail in one step. It is not flushed to the disk, which would take much longer."""
    temporary = path.with_name(temporary_name(".jpg"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        log.warning("a thumbnail cannot be kept in %s: %s", path, error)


def _remove_oldest(folder: Path) -> None:
    """Remove the oldest thumbnails if there are too many; another process may do so too."""
    paths = list(folder.glob("*/*.jpg"))
    if len(paths) <= FILES_KEPT:
        return
    with contextlib.suppress(OSError):
        paths.sort(key=lambda path: path.stat().st_mtime)
        for path in paths[: len(paths) - FILES_KEPT + CHECK_EVERY]:
            path.unlink(missing_ok=True)
