"""Pictures that recipes start from: read with care, known by the hash of their pixels, stored once.

The hash is that of the pixels, not of a file, because libraries compress the same pixels to
different files.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .._util.atomic import sync_folder, write_atomic
from .._util.regular_file import open_regular
from .._util.unused_files import renew
from ..errors import InvalidInput
from ..spec import inputs
from ..spec.inputs import HeldPicture, digest_of, stored_path
from .png import BROKEN, PIXEL_LIMIT, pixel_hash

if TYPE_CHECKING:
    from PIL import Image

    from ..spec.inputs import Source

FORMATS = ("PNG", "JPEG", "WEBP")
FILE_LIMIT = 256 << 20  # bytes
OPEN_LIMIT = 8  # pictures that stay in memory
HASHES_LIMIT = 20_000  # files whose hash is remembered
_ALLOWED = f"a PNG, JPEG or WebP picture of at most {PIXEL_LIMIT:,} pixels"
# hashes of files by path, size and time of change
_hashes: dict[tuple[str, int, int], tuple[str, tuple[int, int]]] = {}


@dataclass(frozen=True)
class InputPicture:
    """A picture that was read. reference: how a recipe names it. size: width and height in pixels."""

    reference: str
    size: tuple[int, int]


class Inputs:
    """The pictures of a run's recipes.

    root: the results folder, in which pictures are looked up by their hash. write: whether those
    that are read are stored there.
    """

    def __init__(self, root: Path, *, write: bool = False) -> None:
        self._root = root
        self._write = write
        self._sources: dict[str, Source] = {}
        self._taken: dict[Source, InputPicture] = {}
        self._open: dict[str, Image.Image] = {}

    def take(self, field: str, source: Source) -> InputPicture:
        """Read a picture, and store it if pictures are written; raises InvalidInput naming `field`."""
        taken = self._taken.get(source)
        if taken is None:
            taken = self._taken[source] = self._read(field, source)
        return taken

    def picture(self, reference: str) -> Image.Image:
        """A picture that was taken, as RGB; raises InvalidInput if it is gone or was changed."""
        picture = self._open.pop(reference, None)
        if picture is None:
            picture = self._read_again(reference)
        # the newest stands last
        self._open[reference] = picture
        if len(self._open) > OPEN_LIMIT:
            del self._open[next(iter(self._open))]
        return picture

    def _read(self, field: str, source: Source) -> InputPicture:
        digest = digest_of(source)
        if digest:
            picture = stored(self._root, digest, field)
            return InputPicture(inputs.reference(digest), picture.size)
        known = None if self._write else _known_hash(source)
        if known is None:
            picture = _read_source(field, source)
            known = pixel_hash(picture), picture.size
            _remember_hash(source, known)
            if self._write:
                store(self._root, picture, known[0])
        taken = InputPicture(inputs.reference(known[0]), known[1])
        self._sources.setdefault(taken.reference, source)
        return taken

    def _read_again(self, reference: str) -> Image.Image:
        digest = str(digest_of(reference))
        source = self._sources.get(reference)
        if source is None or self._write:
            return stored(self._root, digest)
        picture = _read_source("image", source)
        if pixel_hash(picture) != digest:
            allowed = "a file that does not change while pictures are made from it"
            raise InvalidInput("image", str(source), allowed)
        return picture


def read_file(field: str, path: Path) -> Image.Image:
    """The picture in a file as RGB, turned as its EXIF says.

    Raises InvalidInput naming `field` for other formats, broken files and too many pixels.
    """
    try:
        with open_regular(path) as file:
            data = file.read(FILE_LIMIT + 1)
    except OSError as error:
        allowed = f"a file that can be read ({error.strerror})"
        raise InvalidInput(field, str(path), allowed) from None
    return decode(field, str(path), data)


def decode(field: str, name: str, data: bytes, pixels: int = PIXEL_LIMIT) -> Image.Image:
    """The same from a file's bytes. name: for the error. pixels: how many it may have."""
    from PIL import Image

    if len(data) > FILE_LIMIT:
        raise InvalidInput(field, name, f"{_ALLOWED}, in at most {FILE_LIMIT >> 20} MiB")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            _check_size(field, name, opened, pixels)
            return canonical(opened)
    except Image.DecompressionBombError:
        raise InvalidInput(field, name, _ALLOWED) from None
    except InvalidInput:
        raise
    except BROKEN as error:
        reason = "the file is broken" if data.startswith(_MAGIC) else "it is none"
        raise InvalidInput(field, name, f"{_ALLOWED}; {reason}") from error


_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")


def canonical(picture: Image.Image) -> Image.Image:
    """A picture as RGB without anything else, turned as its EXIF says.

    Transparency is dropped, as diffusers' `load_image` does; of 16 bits the upper 8 stay.
    """
    from PIL import Image, ImageOps

    turned = ImageOps.exif_transpose(picture)
    if turned.mode.startswith("I"):
        turned = _eight_bits(turned)
    pixels = turned.convert("RGB")
    return Image.frombytes("RGB", pixels.size, pixels.tobytes())


def _eight_bits(picture: Image.Image) -> Image.Image:
    import numpy as np
    from PIL import Image

    values = np.asarray(picture).astype(np.int64) >> 8
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def store(root: Path, picture: Image.Image, digest: str) -> Path:
    """Write a canonical picture to the results folder, durably, unless it is there."""
    path = root / inputs.FOLDER / f"{digest}.png"
    if is_whole(path) and renew(path):
        # the process that wrote it may have died before doing so
        sync_folder(path.parent)
        return path
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=6)
    write_atomic(path, buffer.getvalue())
    return path


def stored(root: Path, digest: str, field: str = "image") -> Image.Image:
    """A picture from the results folder by its hash; raises InvalidInput if it is gone or damaged."""
    path = root / str(stored_path(inputs.reference(digest)))
    picture = _whole(path)
    if picture is None:
        state = "damaged" if os.path.lexists(path) else "not there"
        raise InvalidInput(
            field,
            inputs.reference(digest),
            f"a picture in {path.parent} (this one is {state}); give the picture's file instead",
        )
    return picture


def is_whole(path: Path) -> bool:
    """Whether a stored picture has the very pixels that it is named after."""
    return _whole(path) is not None


def _whole(path: Path) -> Image.Image | None:
    if path.is_symlink() or not path.is_file():
        return None
    try:
        picture = read_file("image", path)
    except InvalidInput:
        return None
    return picture if pixel_hash(picture) == path.stem else None


def _read_source(field: str, source: Source) -> Image.Image:
    if isinstance(source, str):
        return read_file(field, Path(source).expanduser())
    return _read_held(field, source)


def _read_held(field: str, source: HeldPicture) -> Image.Image:
    from PIL import Image

    picture = source.picture
    if not isinstance(picture, Image.Image):
        raise InvalidInput(field, picture, f"{inputs.ALLOWED}, or a picture of Pillow")
    _check_size(field, "a picture in memory", picture)
    return canonical(picture)


def _check_size(field: str, name: str, picture: Image.Image, limit: int = PIXEL_LIMIT) -> None:
    """Raise InvalidInput for too many pixels, before they are decoded."""
    if picture.width * picture.height > limit:
        size = f"{picture.width}x{picture.height} pixels"
        raise InvalidInput(field, f"{name}, {size}", f"a picture of at most {limit:,} pixels")


def _stamp(source: Source) -> tuple[str, int, int] | None:
    if not isinstance(source, str):
        return None
    try:
        status = Path(source).expanduser().stat()
    except OSError:
        return None
    return str(Path(source).expanduser().absolute()), status.st_size, status.st_mtime_ns


def _known_hash(source: Source) -> tuple[str, tuple[int, int]] | None:
    stamp = _stamp(source)
    return _hashes.get(stamp) if stamp else None


def _remember_hash(source: Source, known: tuple[str, tuple[int, int]]) -> None:
    stamp = _stamp(source)
    if stamp is None:
        return
    if len(_hashes) >= HASHES_LIMIT:
        _hashes.clear()
    _hashes[stamp] = known
