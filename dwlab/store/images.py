"""Pictures on disk: named by their bytes, each carrying the recipe that made it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import stat
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._util.atomic import set_aside, sync_folder, write_atomic
from ..spec import catalog, schedulers

if TYPE_CHECKING:
    from PIL import Image

    from ..spec.params import GenerationParams

TEXT_LIMIT = 1 << 20  # bytes of text that a picture may carry and be read back
PIXEL_LIMIT = 64_000_000
# What Pillow and the readers of a recipe raise for bytes that are broken or made to harm, beside Pillow's own error.
BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    LookupError,
    TypeError,
    EOFError,
    RecursionError,
    MemoryError,
    struct.error,
    zlib.error,
)
_HASH = re.compile("[0-9a-f]{64}")


def encode(image: Image.Image, params: GenerationParams, recipe: dict[str, Any]) -> bytes:
    """The PNG of a picture with its recipe: `parameters` as other tools read it, `dwlab` as JSON.

    recipe: `key`, `weights`, `dtype`, and `mode` where that is not close; the canonical parameters are added. One key and picture give
    the same bytes, however they were asked for: no time, version or path goes in, the dtype is the
    one that `auto` stood for, and the model has one name (see `model_name`).
    """
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("parameters", parameters_text(params, recipe["weights"]))
    named = {"model": model_name(params.model, recipe["weights"]), "dtype": recipe["dtype"]}
    document = {**recipe, "params": {**params.as_dict(), **named}}
    info.add_text("dwlab", json.dumps(document, sort_keys=True, separators=(",", ":")))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info, compress_level=6)
    return buffer.getvalue()


def model_name(model: str, weights: str) -> str:
    """The one name of a model, whatever it was called: in the catalog, else on the hub; of a folder, its fingerprint.

    A folder's own name is left out: it says where the weights lie on one machine, not what they are.
    """
    entry = catalog.lookup(model)
    for known in catalog.CATALOG.values():
        if known.source == entry.source or (known.local and entry.local and Path(known.source).samefile(entry.source)):
            return known.name
    return weights[:10] if entry.local else entry.name


def parameters_text(params: GenerationParams, weights: str) -> str:
    """The recipe in the form that other tools keep under `parameters`."""
    lines = [params.prompt]
    if params.negative_prompt:
        lines.append(f"Negative prompt: {params.negative_prompt}")
    sampler = schedulers.display_name(params.scheduler or "", dict(params.scheduler_options))
    lines.append(
        f"Steps: {params.steps}, Sampler: {sampler}, CFG scale: {params.guidance:g}, Seed: {params.seed}, "
        f"Size: {params.width}x{params.height}, Model hash: {weights[:10]}, Model: {model_name(params.model, weights)}"
    )
    return "\n".join(lines)


def save_picture(root: Path, data: bytes) -> str:
    """Write a PNG's bytes under their hash, durably; returns the path relative to `root`.

    A file of that name with other bytes is replaced. A folder in its place is moved to `quarantine/`.
    """
    digest = hashlib.sha256(data).hexdigest()
    relative = f"images/{digest[:2]}/{digest}.png"
    path = root / relative
    if not path.is_symlink() and _content(path) == data:
        sync_folder(path.parent)  # the process that wrote it may have died before doing so
        return relative
    if path.is_dir() and not path.is_symlink():
        set_aside(root, path)
    write_atomic(path, data)
    return relative


def is_there(path: str, size: int | None) -> bool:
    """Whether a file of `size` bytes (None: of any size) is at `path`; costs one call of the system, for there may be 100,000."""
    try:
        status = os.stat(path)  # noqa: PTH116  # a Path of each would take longer than the call
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(status.st_mode) and size in (None, status.st_size)


def is_whole(path: Path) -> bool:
    """Whether a file of ours holds the very bytes that it is named after."""
    data = _content(path)
    return data is not None and hashlib.sha256(data).hexdigest() == path.stem


def _content(path: Path) -> bytes | None:
    """The bytes of a file; None if there is no regular file. A pipe or a device would never end."""
    if not is_there(str(path), None):
        return None
    try:
        return path.read_bytes()
    except OSError:
        return None


def read_picture(path: Path) -> Image.Image | None:
    """The RGB picture in a file; None if it is missing or broken, or is not what its name is the hash of."""
    from PIL import Image

    data = _content(path)
    if data is None or (_HASH.fullmatch(path.stem) and hashlib.sha256(data).hexdigest() != path.stem):
        return None
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
            return image.convert("RGB")
    except (*BROKEN, Image.DecompressionBombError):
        return None


def pixel_hash(image: Image.Image) -> str:
    """A hash of what is seen, whatever the file around it."""
    return hashlib.sha256(f"{image.mode} {image.size}".encode() + image.tobytes()).hexdigest()


def read_recipe(path: Path) -> dict[str, Any] | None:
    """The `dwlab` recipe of a PNG of ours; None for any other file, whole or broken."""
    from PIL import Image

    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.width * image.height > PIXEL_LIMIT:
                return None
            text = image.info.get("dwlab")
            image.verify()
        recipe = json.loads(text) if isinstance(text, str) and len(text) <= TEXT_LIMIT else None
    except (*BROKEN, Image.DecompressionBombError):
        return None
    return recipe if isinstance(recipe, dict) and isinstance(recipe.get("params"), dict) else None


def read_back(path: Path) -> tuple[dict[str, Any], str] | None:
    """The recipe and the pixel hash of a picture that `save_picture` wrote.

    None if its bytes are not its name's, if it cannot be decoded, or if its recipe is not one of ours.
    """
    from PIL import Image

    recipe = read_recipe(path)
    if not recipe or not is_whole(path):
        return None
    texts = [recipe.get(name) for name in ("key", "weights", "dtype")]
    if not all(map(_is_plain, [*texts, recipe.get("mode", "")])):
        return None
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return recipe, pixel_hash(image)
    except BROKEN:
        return None


def _is_plain(value: object) -> bool:
    """Whether this is text as we write it: a lone surrogate, for one, cannot be stored."""
    return isinstance(value, str) and value.isascii()
