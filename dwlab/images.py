"""Pictures on disk: named by their bytes, each carrying the recipe that made it."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import catalog, schedulers
from .files import sync_folder, write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from .params import GenerationParams

TEXT_LIMIT = 1 << 20  # bytes of text that a picture may carry and be read back
PIXEL_LIMIT = 64_000_000


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
    """Write a PNG's bytes under their hash, durably; returns the path relative to `root`."""
    digest = hashlib.sha256(data).hexdigest()
    relative = f"images/{digest[:2]}/{digest}.png"
    path = root / relative
    if path.exists() and path.stat().st_size == len(data):  # else something cut it short
        sync_folder(path.parent)  # who wrote it may have died before doing so
    else:
        write_atomic(path, data)
    return relative


def finder(root: Path) -> Callable[[str], bool]:
    """A function that tells whether a picture is there; it lists each folder once, which for many is far less work."""

    @functools.cache
    def names(folder: str) -> frozenset[str]:
        try:
            return frozenset(os.listdir(root / folder))  # noqa: PTH208  # names, not paths: there may be 100,000
        except (FileNotFoundError, NotADirectoryError):
            return frozenset()

    def found(image: str) -> bool:
        folder, _, name = image.rpartition("/")
        return name in names(folder)

    return found


def read_picture(path: Path) -> Image.Image | None:
    """The RGB picture in a file; None where it is missing or broken."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return None


def pixel_hash(image: Image.Image) -> str:
    """A hash of what is seen, whatever the file around it."""
    return hashlib.sha256(f"{image.mode} {image.size}".encode() + image.tobytes()).hexdigest()


def read_recipe(path: Path) -> dict[str, Any] | None:
    """The `dwlab` recipe of a PNG of ours; None for any other file, whole or broken."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.width * image.height > PIXEL_LIMIT:
                return None
            text = image.info.get("dwlab")
            image.verify()
        recipe = json.loads(text) if isinstance(text, str) and len(text) <= TEXT_LIMIT else None
    except (OSError, ValueError, SyntaxError, RecursionError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    return recipe if isinstance(recipe, dict) and isinstance(recipe.get("params"), dict) else None


def read_back(path: Path) -> tuple[dict[str, Any], str] | None:
    """The recipe and the pixel hash of a picture that `save_picture` wrote; None where its bytes are not its name's."""
    from PIL import Image

    recipe = read_recipe(path)
    named = recipe and all(isinstance(recipe.get(name), str) for name in ("key", "weights", "dtype"))
    if not recipe or not named or hashlib.sha256(path.read_bytes()).hexdigest() != path.stem:
        return None
    with Image.open(path) as image:
        return recipe, pixel_hash(image)
