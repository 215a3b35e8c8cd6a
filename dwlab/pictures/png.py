"""A picture's PNG: its pixels, with the recipe in two texts."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

from ..spec import schedulers
from ..spec.public_names import public_name

if TYPE_CHECKING:
    from pathlib import Path

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


def encode(image: Image.Image, params: GenerationParams, recipe: dict[str, Any]) -> bytes:
    """The PNG of a picture with its recipe: `parameters` as other tools read it, `dwlab` as JSON.

    recipe: `key`, `weights`, `dtype`, and `mode` where that is not close; the canonical parameters are added. One key and picture give
    the same bytes, however they were asked for: no time, version or path goes in, the dtype is the
    one that `auto` stood for, and the model has one name (see `public_name`).
    """
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("parameters", parameters_text(params, recipe["weights"]))
    named = {"model": public_name(params.model, recipe["weights"]), "dtype": recipe["dtype"]}
    document = {**recipe, "params": {**params.as_dict(), **named}}
    info.add_text("dwlab", json.dumps(document, sort_keys=True, separators=(",", ":")))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info, compress_level=6)
    return buffer.getvalue()


def parameters_text(params: GenerationParams, weights: str) -> str:
    """The recipe in the form that other tools keep under `parameters`."""
    lines = [params.prompt]
    if params.negative_prompt:
        lines.append(f"Negative prompt: {params.negative_prompt}")
    sampler = schedulers.display_name(params.scheduler or "", dict(params.scheduler_options))
    facts = {
        "Steps": params.steps,
        "Sampler": sampler,
        "CFG scale": f"{params.guidance:g}",
        "Seed": params.seed,
        "Size": f"{params.width}x{params.height}",
        "Model hash": weights[:10],
        "Model": public_name(params.model, weights),
    }
    lines.append(", ".join(f"{name}: {value}" for name, value in facts.items()))
    return "\n".join(lines)


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
