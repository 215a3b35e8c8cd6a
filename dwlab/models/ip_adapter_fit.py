"""Whether an IP-Adapter belongs to a model: names and sizes of its tensors, read without loading."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.jsonfile import read_object
from ..errors import InvalidInput
from ..spec import catalog
from .adapter_files import read_header

if TYPE_CHECKING:
    from pathlib import Path

    from .adapter_files import AdapterFile
    from .identity import Identity

    Shape = tuple[int, ...]

# the families whose adapters were compared with plain stock calls
PIPELINES = ("StableDiffusionPipeline", "StableDiffusionXLPipeline")
# these change weights or processors in ways that stock loads no adapter into
_UNFIT = ("attention-slicing", "group-offload", "sequential-offload")
_IN_WORDS = {"StableDiffusionPipeline": "SD 1.5 and 2", "StableDiffusionXLPipeline": "SDXL"}
# how the names of the tensors begin
_PROJECTION = "image_proj."
_ATTENTION = "ip_adapter."


@dataclass(frozen=True)
class Projection:
    """How an adapter sees a picture.

    size: of the vectors that it takes from the encoder. is_hidden: whether they are those of the
    encoder's last layer but one; otherwise each picture has one, which the encoder projects.
    """

    size: int
    is_hidden: bool


def check_model(field: str, identity: Identity) -> None:
    """Raise InvalidInput for a model that takes no IP-Adapter here, naming those that do."""
    entry = catalog.lookup(str(identity.folder))
    able = " and ".join(_IN_WORDS.values())
    if catalog.lookup(identity.name).random or entry.pipeline not in PIPELINES:
        kind = entry.pipeline or "of no known class"
        allowed = f"left out for model {identity.name!r} ({kind}); these take IP-Adapters: {able}"
        raise InvalidInput(field, "an IP-Adapter", allowed)
    unfit = [name for name in identity.settings.measures if name in _UNFIT]
    if identity.settings.quantisation != "none":
        unfit.append(identity.settings.quantisation)
    if unfit:
        allowed = f"left out with memory: {', '.join(unfit)}; diffusers loads none beside these"
        raise InvalidInput(field, "an IP-Adapter", allowed)


def check_file(field: str, file: AdapterFile, identity: Identity) -> Projection:
    """How a file's adapter sees pictures; raises InvalidInput if it is none for the model."""
    problem = _problem(file, identity.folder)
    if problem:
        allowed = f"{problem} (model {identity.name!r})"
        raise InvalidInput(f"{field}.file", str(file.path), allowed)
    return _projection(_shapes(file))


@functools.lru_cache(maxsize=64)
def _shapes(file: AdapterFile) -> dict[str, Shape]:
    return read_header(file.path).shapes


@functools.lru_cache(maxsize=64)
def _problem(file: AdapterFile, folder: Path) -> str | None:
    """Why a file is no adapter for a model, in words; None if it is one."""
    shapes = _shapes(file)
    layers = {name: shape for name, shape in shapes.items() if name.startswith(_ATTENTION)}
    if not layers or len(layers) == len(shapes):
        return (
            "an IP-Adapter as diffusers loads it, with tensors named image_proj.* and ip_adapter.*; "
            "this file has others"
        )
    if _is_of_faces(shapes):
        return (
            "an IP-Adapter that sees pictures; a FaceID adapter takes numbers that another library "
            "makes of a face, which dwlab does not compute"
        )
    if not _knows_projection(shapes):
        return "an IP-Adapter of a kind that diffusers knows: plain, Plus or Full Face"
    expected = _layers_of_model(folder)
    if layers.keys() != expected.keys():
        return (
            f"an IP-Adapter for the model's {len(expected) // 2} layers of cross-attention; this one "
            f"has {len(layers) // 2} or other layers: it was made for another family"
        )
    for name, shape in expected.items():
        if layers[name] != shape:
            theirs, ours = _by(layers[name]), _by(shape)
            return (
                f"an IP-Adapter for layers of the model's sizes; {name} is {theirs}, but the model "
                f"needs {ours}: it was made for another family"
            )
    return None


def _by(shape: Shape) -> str:
    return " x ".join(map(str, shape))


def _is_of_faces(shapes: dict[str, Shape]) -> bool:
    if any("_lora." in name for name in shapes):
        return True
    if any(_PROJECTION + name in shapes for name in ("proj.weight", "proj.3.weight")):
        return False
    names = ("norm.weight", "perceiver_resampler.proj_in.weight")
    return any(_PROJECTION + name in shapes for name in names)


def _knows_projection(shapes: dict[str, Shape]) -> bool:
    names = ("proj.weight", "proj.3.weight", "latents")
    return any(_PROJECTION + name in shapes for name in names)


def _projection(shapes: dict[str, Shape]) -> Projection:
    if plain := shapes.get("image_proj.proj.weight"):
        return Projection(plain[-1], is_hidden=False)
    inner = shapes.get("image_proj.proj.0.weight") or shapes.get("image_proj.proj_in.weight")
    return Projection(inner[-1] if inner else 0, is_hidden=True)


@functools.lru_cache(maxsize=8)
def _layers_of_model(folder: Path) -> dict[str, Shape]:
    """The layers that an adapter adds to a model's UNet, as their files name them."""
    import diffusers
    import torch

    config = read_object(folder / "unet" / "config.json")
    # unlike accelerate's way to build a model without memory, this acts on one thread alone
    with torch.device("meta"):
        unet = diffusers.UNet2DConditionModel.from_config(config)
    # diffusers numbers the layers of self-attention too, and leaves those numbers out
    layers: dict[str, Shape] = {}
    number = 1
    for name in unet.attn_processors:
        if name.endswith("attn1.processor"):
            continue
        attention = unet.get_submodule(name.removesuffix(".processor"))
        shape = tuple(attention.to_k.weight.shape)
        layers[f"{_ATTENTION}{number}.to_k_ip.weight"] = shape
        layers[f"{_ATTENTION}{number}.to_v_ip.weight"] = shape
        number += 2
    return layers
