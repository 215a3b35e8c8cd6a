"""Refuses pipelines that do not draw from a text alone, by the small files of their folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..spec import families, tasks
from ..spec.checkpoints import TAKES, read

if TYPE_CHECKING:
    from pathlib import Path

_HALF = "one of two halves, a prior and a decoder"
_JOINED = "both (`dwlab models join DECODER PRIOR FOLDER` makes a model of the two)"
# Pipelines of other kinds, by words in the names of their classes; the first match counts.
_OTHERS = (
    (
        "Prior|Decoder|Kandinsky(V22)?(Img2Img|Inpaint)?Pipeline",
        _HALF,
    ),
    ("Control|Adapter|GLIGEN|VisualCloze", "a pipeline that also needs a control picture"),
    ("Audio|Music|AceStep|Dance|Spectrogram", "a pipeline for sound"),
    (
        "Video|Animate|Wan|LTX|Mochi|Latte|Allegro|SkyReels|[IT]2V|TI2VA|Cosmos|Helios|PIA|ConsisID|SanaWM|AnyFlow|Framepack",
        "a pipeline for video",
    ),
    ("ShapE", "a pipeline for three-dimensional shapes"),
    (
        "Inpaint|Fill|PaintByExample|RePaint",
        "an inpainting pipeline, which fills in a part of a picture",
    ),
    ("Upscale|SuperResolution|SRPipeline|Refiner", "a pipeline that enlarges or refines a picture"),
    (
        "Img2Img|Edit|Pix2Pix|Kontext|Variation|Redux|I2I|CycleDiffusion|DualGuided|BlipDiffusion|Depth2Img",
        "a pipeline that changes a picture",
    ),
    ("Marigold", "a pipeline that measures a picture"),
    ("Modular", "a modular pipeline, whose parts lie in other repositories"),
    (
        "^(DDPM|DDIM|PNDM|ScoreSdeVe|KarrasVe|LDM|ConsistencyModel|DiT)Pipeline",
        "a pipeline that takes no prompt",
    ),
    ("Onnx|ONNX", "a pipeline in ONNX form"),
)


# Denoisers with more input than output channels, by the number of input channels.
_EXTRA_CHANNELS = {
    ("unet", 8): "a model that edits a picture (like InstructPix2Pix)",
    ("unet", 7): "a model that enlarges a picture",
    ("unet", 5): "a model that needs a depth map",
    ("transformer", 384): "an inpainting model (FLUX Fill), which fills in a part of a picture",
    ("transformer", 128): "a model that needs a control picture (FLUX Canny or Depth)",
}


def check(name: str, folder: Path) -> None:
    """Refuse a pipeline's folder that is not for drawing from a text.

    Reads its index and its denoiser's config. Raises ModelError saying what it is, what dwlab takes
    and what to do.
    """
    index = read(folder / "model_index.json")
    cls = str(index.get("_class_name") or "")
    _check_channels(name, folder, cls)
    if families.of(cls):
        return
    for words, kind in _OTHERS:
        if re.search(words, cls):
            instead = _JOINED if kind == _HALF else "the family's text-to-image pipeline"
            raise _refused(name, f"{kind} ({cls})", instead)
    _check_with_diffusers(name, cls)


def _check_channels(name: str, folder: Path, cls: str) -> None:
    """Refuse a denoiser with more input than output channels: it needs a picture besides the latents.

    Checks UNets and FLUX.1 only; other transformers cut their latents into patches, and so always
    have more input channels.
    """
    for part, usual in (("unet", 4), ("transformer", 64)):
        config = read(folder / part / "config.json")
        if part == "transformer" and config.get("_class_name") != "FluxTransformer2DModel":
            continue
        inputs = config.get("in_channels")
        outputs = config.get("out_channels") or usual
        if not isinstance(inputs, int) or not isinstance(outputs, int) or inputs <= outputs:
            continue
        family = families.of(cls)
        if tasks.needed(cls, config) is not None or (family and family.needs):
            continue  # a recipe without its picture is refused
        kind = _EXTRA_CHANNELS.get(
            (part, inputs), "a model that needs a picture besides the prompt"
        )
        channels = f"its {part} takes {inputs} channels instead of {outputs}"
        raise _refused(name, f"{kind}: {channels}", "the family's text-to-image model")


def _check_with_diffusers(name: str, cls: str) -> None:
    """Refuse a class that the installed diffusers lacks, or that dwlab does not know."""
    import diffusers

    if not hasattr(diffusers, cls):
        raise ModelError(
            f"model {name!r} is of the class {cls or '(no name)'}, which diffusers "
            f"{diffusers.__version__} does not have; a newer diffusers may have it "
            "(`pip install -U diffusers`); code that comes with a model is not run"
        )
    kind = f"of a kind that dwlab does not draw with yet ({cls})"
    raise _refused(name, kind, "a text-to-image pipeline")


def _refused(name: str, kind: str, alternative: str) -> ModelError:
    return ModelError(f"model {name!r} is {kind}; {TAKES}: use {alternative} instead")
