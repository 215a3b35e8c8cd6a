"""Pictures on disk: named by their bytes, each carrying the recipe that made it."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import schedulers
from .files import sync_folder, write_atomic

if TYPE_CHECKING:
    from PIL import Image

    from .params import GenerationParams

TEXT_LIMIT = 1 << 20  # bytes of text that a picture may carry and be read back
PIXEL_LIMIT = 64_000_000


def encode(image: Image.Image, params: GenerationParams, recipe: dict[str, Any]) -> bytes:
    """The PNG of a picture with its recipe: `parameters` as other tools read it, `dwlab` as JSON.

    recipe: `key`, `weights`, `dtype`; the canonical parameters are added. The same picture and
    recipe give the same bytes: no time, version or path goes in.
    """
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("parameters", parameters_text(params, recipe["weights"]))
    document = {**recipe, "params": public_params(params)}
    info.add_text("dwlab", json.dumps(document, sort_keys=True, separators=(",", ":")))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info, compress_level=6)
    return buffer.getvalue()


def public_params(params: GenerationParams) -> dict[str, Any]:
    """The parameters as they may leave this machine: a model's folder by its last name only."""
    return {**params.as_dict(), "model": model_name(params.model)}


def model_name(model: str) -> str:
    """A catalog name or hub id as it is, a folder by its last name."""
    return Path(model).name if Path(model).expanduser().is_dir() else model


def parameters_text(params: GenerationParams, weights: str) -> str:
    """The recipe in the form that other tools keep under `parameters`."""
    lines = [params.prompt]
    if params.negative_prompt:
        lines.append(f"Negative prompt: {params.negative_prompt}")
    sampler = schedulers.display_name(params.scheduler or "", dict(params.scheduler_options))
    lines.append(
        f"Steps: {params.steps}, Sampler: {sampler}, CFG scale: {params.guidance:g}, Seed: {params.seed}, "
        f"Size: {params.width}x{params.height}, Model hash: {weights[:10]}, Model: {model_name(params.model)}"
    )
    return "\n".join(lines)


def save_picture(root: Path, data: bytes) -> str:
    """Write a PNG's bytes under their hash, durably; returns the path relative to `root`."""
    digest = hashlib.sha256(data).hexdigest()
    relative = f"images/{digest[:2]}/{digest}.png"
    path = root / relative
    if path.exists():
        sync_folder(path.parent)  # who wrote it may have died before doing so
    else:
        write_atomic(path, data)
    return relative


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
