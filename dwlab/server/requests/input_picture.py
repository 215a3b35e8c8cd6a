"""A picture that a request brings: checked, and stored under the hash of its pixels."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...pictures import inputs
from ...pictures.png import pixel_hash
from ...spec.inputs import FOLDER, reference
from ...store.database import explained
from . import json_text

if TYPE_CHECKING:
    from pathlib import Path

    from ..settings import ServerSettings

FIELD = "image"
_ALLOWED = "a PNG, JPEG or WebP picture"
# the beginning of a data URI
_DATA_URI = re.compile(r"data:image/(png|jpeg|webp);base64,")


class NoRoom(Exception):
    """The start pictures on this server take as much room as they may."""


@dataclass(frozen=True)
class StoredPicture:
    """A picture in the results folder. name: what a recipe calls it."""

    name: str
    width: int
    height: int


def bytes_of_json(body: bytes) -> bytes:
    """The file in `{"image": "..."}`, base64 or a data URI; raises InvalidInput."""
    values = json_text.parse(json_text.decode(body))
    if not isinstance(values, dict) or values.keys() != {FIELD}:
        raise InvalidInput(
            "the body", values, f'a map with {FIELD} alone, like {{"image": "iVBOR..."}}'
        )
    text = values[FIELD]
    if not isinstance(text, str):
        raise InvalidInput(FIELD, text, f"{_ALLOWED} in base64")
    try:
        return base64.b64decode(_DATA_URI.sub("", text, count=1), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(FIELD, text, f"{_ALLOWED} in base64, or as a data URI") from None


def store(data: bytes, root: Path, settings: ServerSettings) -> StoredPicture:
    """Check and store a picture. data: the bytes of its file.

    Raises InvalidInput for what is not a picture of an allowed kind and size, and NoRoom.
    """
    if len(data) > settings.upload_bytes:
        allowed = f"{_ALLOWED} of at most {settings.upload_bytes:,} bytes"
        raise InvalidInput(FIELD, f"a file of {len(data):,} bytes", allowed)
    picture = inputs.decode(FIELD, "the file", data, settings.upload_pixels)
    digest = pixel_hash(picture)
    is_new = not (root / FOLDER / f"{digest}.png").exists()
    if is_new and _size_of(root / FOLDER) > settings.uploads_mb * 1e6:
        raise NoRoom
    with explained(root):
        inputs.store(root, picture, digest)
    return StoredPicture(reference(digest), *picture.size)


def _size_of(folder: Path) -> int:
    """The bytes of the files in a folder."""
    if not folder.is_dir():
        return 0
    return sum(path.stat().st_size for path in folder.glob("*.png"))
