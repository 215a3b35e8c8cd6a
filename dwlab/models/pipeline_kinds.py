"""What kind of pipeline a folder holds, told from its small files: dwlab draws from a text alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..spec.checkpoints import TAKES, read

if TYPE_CHECKING:
    from pathlib import Path

# Pipelines that draw from a text alone, and those for pictures whose parts are the same (diffusers loads them as the former).
# Written down, because diffusers takes seconds to import; a test compares it with what diffusers says.
DRAWS = frozenset({
    "AuraFlowPipeline", "ChromaPipeline", "CogView3PlusPipeline", "CogView4Pipeline", "Flux2KleinPipeline", "Flux2Pipeline",
    "FluxImg2ImgPipeline", "FluxInpaintPipeline", "FluxKontextPipeline", "FluxPipeline", "GlmImagePipeline",
    "HunyuanDiTPAGPipeline", "HunyuanDiTPipeline", "IFImg2ImgPipeline", "IFInpaintingPipeline", "IFPipeline",
    "Ideogram4Pipeline", "Kandinsky3Img2ImgPipeline", "Kandinsky3Pipeline", "KolorsImg2ImgPipeline", "KolorsPAGPipeline",
    "KolorsPipeline", "Krea2Pipeline", "LatentConsistencyModelImg2ImgPipeline", "LatentConsistencyModelPipeline",
    "Lumina2Pipeline", "LuminaPipeline", "NucleusMoEImagePipeline", "OvisImagePipeline", "PRXPipeline",
    "PixArtAlphaPipeline", "PixArtSigmaPAGPipeline", "PixArtSigmaPipeline", "QwenImage21Pipeline",
    "QwenImageImg2ImgPipeline", "QwenImageInpaintPipeline", "QwenImagePipeline", "SanaPAGPipeline", "SanaPipeline",
    "StableDiffusion3Img2ImgPipeline", "StableDiffusion3InpaintPipeline", "StableDiffusion3PAGImg2ImgPipeline",
    "StableDiffusion3PAGPipeline", "StableDiffusion3Pipeline", "StableDiffusionImg2ImgPipeline",
    "StableDiffusionInpaintPipeline", "StableDiffusionPAGImg2ImgPipeline", "StableDiffusionPAGInpaintPipeline",
    "StableDiffusionPAGPipeline", "StableDiffusionPipeline", "StableDiffusionXLImg2ImgPipeline",
    "StableDiffusionXLInpaintPipeline", "StableDiffusionXLPAGImg2ImgPipeline", "StableDiffusionXLPAGInpaintPipeline",
    "StableDiffusionXLPAGPipeline", "StableDiffusionXLPipeline", "ZImageImg2ImgPipeline", "ZImageInpaintPipeline",
    "ZImageOmniPipeline", "ZImagePipeline",
})  # fmt: skip

# What other pipelines are, by words in the names of their classes; the first that fits counts.
_OTHERS = (
    (
        "Combined|Prior|Decoder|Kandinsky(V22)?(Img2Img|Inpaint)?Pipeline",
        "one of two halves, a prior and a decoder",
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


# Denoisers that take more channels than they give: what for, by how many they take.
_EXTRA = {
    ("unet", 9): "an inpainting model, which fills in a part of a picture",
    ("unet", 8): "a model that edits a picture (like InstructPix2Pix)",
    ("unet", 7): "a model that enlarges a picture",
    ("unet", 5): "a model that needs a depth map",
    ("transformer", 384): "an inpainting model (FLUX Fill), which fills in a part of a picture",
    ("transformer", 128): "a model that needs a control picture (FLUX Canny or Depth)",
}


def check(name: str, folder: Path) -> None:
    """Refuse a pipeline's folder that is for something else than drawing from a text.

    Reads its index and its denoiser's config. Raises ModelError saying what it is, what dwlab takes and what to do.
    """
    index = read(folder / "model_index.json")
    cls = str(index.get("_class_name") or "")
    if index.get("requires_aesthetics_score"):
        raise _refused(
            name,
            f"an SDXL refiner ({cls}), which goes on from another model's picture",
            "the base model",
        )
    _check_channels(name, folder)
    if cls in DRAWS:
        return
    if what := next((what for words, what in _OTHERS if re.search(words, cls)), None):
        raise _refused(name, f"{what} ({cls})", "the family's text-to-image pipeline")
    _ask_diffusers(name, cls)


def _check_channels(name: str, folder: Path) -> None:
    """Refuse a denoiser that takes more channels than it gives: besides the latents it wants a picture.

    Only of UNets and of FLUX.1; other transformers cut their latents in patches, and so take more than they give.
    """
    for part, usual in (("unet", 4), ("transformer", 64)):
        config = read(folder / part / "config.json")
        if part == "transformer" and config.get("_class_name") != "FluxTransformer2DModel":
            continue
        takes, gives = config.get("in_channels"), config.get("out_channels") or usual
        if not isinstance(takes, int) or not isinstance(gives, int) or takes <= gives:
            continue
        what = _EXTRA.get((part, takes), "a model that needs a picture beside the prompt")
        channels = f"its {part} takes {takes} channels where drawing from text takes {gives}"
        raise _refused(name, f"{what}: {channels}", "the family's text-to-image model")


def _ask_diffusers(name: str, cls: str) -> None:
    """Refuse a class that the installed diffusers does not have, cannot import, or does not draw with."""
    import diffusers
    from diffusers.pipelines.auto_pipeline import AUTO_TEXT2IMAGE_PIPELINES_MAPPING

    if cls in {pipeline.__name__ for pipeline in AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values()}:
        return
    if not hasattr(diffusers, cls):
        raise ModelError(
            f"model {name!r} is of the class {cls or 'of no name'}, which diffusers {diffusers.__version__} does not have; "
            "a newer diffusers may have it (`pip install -U diffusers`); code that comes with a model is not run"
        )
    raise _refused(
        name, f"of a kind that dwlab does not draw with yet ({cls})", "a text-to-image pipeline"
    )


def _refused(name: str, what: str, instead: str) -> ModelError:
    return ModelError(f"model {name!r} is {what}; {TAKES}: give {instead} in its place")
