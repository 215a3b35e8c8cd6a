"""The pictures of an export of a stranger's: stored once they are what their rows say."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...pictures import films, inputs, png_text
from ...pictures.png import BROKEN, pixel_hash, recipe_of
from ...spec.inputs import stored_paths
from ...store.traces import is_whole
from . import layout
from .sources import read

if TYPE_CHECKING:
    from ...store.archived_cells import ArchivedCell
    from ...store.store import Store
    from ...store.traces import StoredFilm
    from .sources import Source

PICTURE_LIMIT = 256 << 20  # bytes


def store_picture(files: Source, store: Store, cell: ArchivedCell) -> None:
    """Check the picture of a row, and write it if it is needed; raises InvalidInput."""
    row = cell.row
    if row.image is None:
        return
    data = read(files, row.image, min(PICTURE_LIMIT, row.bytes or 0))
    digest = hashlib.sha256(data).hexdigest()
    if len(data) != row.bytes or f"images/{digest[:2]}/{digest}.png" != row.image:
        raise InvalidInput(
            row.image, f"a file with the SHA-256 {digest[:10]}...", "what its name says"
        )
    _check_pixels(row.image, data, row.key, str(row.pixels))
    store.save_picture(data)
    if cell.film:
        _store_film(files, store, row.image, cell.film)


def _store_film(files: Source, store: Store, image: str, film: StoredFilm) -> None:
    """Check the film beside a picture, and write it unless it is here; raises InvalidInput."""
    if is_whole(store.root, film):
        return
    data = read(files, film.path, film.bytes)
    if hashlib.sha256(data).hexdigest() != film.sha256:
        raise InvalidInput(film.path, "a film with another hash", "that of its row")
    films.frames(data)
    store.save_film(image, data)


def _check_pixels(name: str, data: bytes, key: str, pixels: str) -> None:
    """Raise InvalidInput unless this is a PNG of dwlab's with these pixels and the recipe of the key."""
    from PIL import Image

    # the size first, so that Pillow opens no bomb
    png_text.texts(data)
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            recipe = recipe_of(image)
            image.verify()
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            is_same = image.mode == "RGB" and pixel_hash(image) == pixels
    except (*BROKEN, Image.DecompressionBombError):
        raise InvalidInput(name, "a file that is no whole PNG", "a picture of dwlab's") from None
    if not is_same:
        raise InvalidInput(
            name, "a picture with other pixels", "those that its row has the hash of"
        )
    if recipe is None or recipe.get("key") != key:
        raise InvalidInput(name, "a picture with another recipe", f"that of the key {key[:10]}")


def store_inputs(files: Source, store: Store, cell: ArchivedCell) -> None:
    """Check and write the pictures that a cell starts from, unless they are here."""
    for path in stored_paths(json.loads(cell.row.params)):
        if inputs.is_whole(store.root / path):
            continue
        picture = inputs.decode(path, path, read(files, path, PICTURE_LIMIT))
        digest = pixel_hash(picture)
        if layout.INPUT_PATH.fullmatch(path) is None or digest not in path:
            raise InvalidInput(path, "a picture with other pixels", "those that it is named after")
        inputs.store(store.root, picture, digest)
