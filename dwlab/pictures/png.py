"""A picture's PNG: its pixels, with the recipe in two texts."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..spec.portable import files_without_paths
from ..spec.public_names import public_name
from . import parameters_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from PIL import Image

    from ..spec.params import GenerationParams


TEXT_LIMIT = 1 << 20  # bytes of text that are read from a picture
PIXEL_LIMIT = 64_000_000

# what Pillow and the readers of a recipe raise for broken or malicious bytes, besides Pillow's own
# error
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


def encode(
    image: Image.Image,
    params: GenerationParams,
    recipe: dict[str, Any],
    tensors: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """The PNG of a picture with its recipe: `parameters` as other tools read it, `dwlab` as JSON.

    tensors: the hashes of LoRAs by which other tools know them (see `foreign_files`).
    recipe: `key`, `weights`, `dtype`, and `mode` in exact mode; the canonical parameters are added.
    The same key and picture always give the same bytes: the recipe contains no time, version or
    path, the dtype is the one that `auto` stood for, and each model has one name (see
    `public_name`). Of a LoRA it has the name and the hash.
    """
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("parameters", parameters_text.write(params, recipe["weights"], tensors))
    parameters = params.as_dict()
    parameters["model"] = public_name(params.model, recipe["weights"])
    parameters["dtype"] = recipe["dtype"]
    # the name of such a model stands for its configs too, and this may be a path
    parameters.pop("config", None)
    parameters |= files_without_paths(params)
    document = {**recipe, "params": parameters}
    info.add_text("dwlab", json.dumps(document, sort_keys=True, separators=(",", ":")))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info, compress_level=6)
    return buffer.getvalue()


def pixel_hash(image: Image.Image) -> str:
    """A hash of the pixels, independent of the file that contains them."""
    head = f"{image.mode} {image.size}".encode()
    return hashlib.sha256(head + image.tobytes()).hexdigest()


def read_recipe(path: Path) -> dict[str, Any] | None:
    """The `dwlab` recipe of a PNG that dwlab wrote; None for any other file, complete or broken."""
    from PIL import Image

    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.width * image.height > PIXEL_LIMIT:
                return None
            recipe = recipe_of(image)
            image.verify()
    except (*BROKEN, Image.DecompressionBombError):
        return None
    return recipe


def recipe_of(image: Image.Image) -> dict[str, Any] | None:
    """The `dwlab` recipe of a PNG that was opened; None if it has none that can be read."""
    text = image.info.get("dwlab")
    if not isinstance(text, str) or len(text) > TEXT_LIMIT:
        return None
    try:
        recipe = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_recipe = isinstance(recipe, dict) and isinstance(recipe.get("params"), dict)
    return recipe if is_recipe else None
