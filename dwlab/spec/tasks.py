"""What a recipe asks for besides a text: which pipelines do it, and how many steps they take.

The defaults are written down because importing diffusers takes seconds; a test compares them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import control_kinds, families

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .params import GenerationParams

TEXT = control_kinds.TEXT
IMAGE = control_kinds.IMAGE
INPAINTING = control_kinds.INPAINTING
INPAINTING_CHANNELS = 9  # of a UNet's input
IN_WORDS = {TEXT: "text-to-image", IMAGE: "image-to-image", INPAINTING: "inpainting"}

# The strength that pipelines take by default. Of these, `int(steps * strength)` steps run.
_WHOLE_STEPS = {
    "IFImg2ImgPipeline": 0.7,
    "IFInpaintingPipeline": 1.0,
    "Kandinsky3Img2ImgPipeline": 0.3,
    "KandinskyImg2ImgCombinedPipeline": 0.3,
    "KandinskyV22Img2ImgCombinedPipeline": 0.3,
    "KolorsImg2ImgPipeline": 0.3,
    "LatentConsistencyModelImg2ImgPipeline": 0.8,
    "StableDiffusionImg2ImgPipeline": 0.8,
    "StableDiffusionInpaintPipeline": 1.0,
    "StableDiffusionPAGImg2ImgPipeline": 0.8,
    "StableDiffusionPAGInpaintPipeline": 0.9999,
    "StableDiffusionControlNetImg2ImgPipeline": 0.8,
    "StableDiffusionControlNetInpaintPipeline": 1.0,
    "StableDiffusionXLControlNetImg2ImgPipeline": 0.8,
    "StableDiffusionXLControlNetInpaintPipeline": 0.9999,
    "StableDiffusionXLControlNetUnionImg2ImgPipeline": 0.8,
    "StableDiffusionXLControlNetUnionInpaintPipeline": 0.9999,
    "StableDiffusionXLImg2ImgPipeline": 0.3,
    "StableDiffusionXLInpaintPipeline": 0.9999,
    "StableDiffusionXLPAGImg2ImgPipeline": 0.3,
    "StableDiffusionXLPAGInpaintPipeline": 0.9999,
}
# Of these, a part of a step counts as a whole one.
_PARTS_OF_STEPS = {
    "ChromaImg2ImgPipeline": 0.9,
    "Flux2KleinInpaintPipeline": 0.8,
    "FluxImg2ImgPipeline": 0.6,
    "FluxInpaintPipeline": 0.6,
    "FluxControlNetImg2ImgPipeline": 0.6,
    "FluxControlNetInpaintPipeline": 0.6,
    "FluxFillPipeline": 1.0,
    "FluxKontextInpaintPipeline": 1.0,
    "QwenImageEditInpaintPipeline": 0.6,
    "QwenImageImg2ImgPipeline": 0.6,
    "QwenImageInpaintPipeline": 0.6,
    "SanaSprintImg2ImgPipeline": 0.6,
    "StableDiffusion3Img2ImgPipeline": 0.6,
    "StableDiffusion3InpaintPipeline": 0.6,
    "StableDiffusion3PAGImg2ImgPipeline": 0.6,
    "ZImageImg2ImgPipeline": 0.6,
    "ZImageInpaintPipeline": 1.0,
}
# These cannot work on the part around a mask alone.
WITHOUT_PADDING = frozenset(
    {
        "FluxFillPipeline",
        "IFInpaintingPipeline",
        "KandinskyInpaintCombinedPipeline",
        "KandinskyV22InpaintCombinedPipeline",
        "ZImageInpaintPipeline",
    }
)
STRENGTHS = {**_WHOLE_STEPS, **_PARTS_OF_STEPS}


def with_control(pipeline: str | None, task: str, net: str) -> str | None:
    """The class that does a task with a pipeline's parts and ControlNets; None if none does.

    net: their class.
    """
    kind = control_kinds.of(net, pipeline)
    return kind.pipelines.get(task) if kind else None


def without_control(pipeline: str) -> str:
    """The class that does the same without ControlNets; other names as they are."""
    kind = control_kinds.of_pipeline(pipeline)
    task = control_kinds.task_of(pipeline)
    plain = pipeline_for(kind.plain, task) if kind and task else None
    return plain or pipeline


def task_of(params: GenerationParams) -> str:
    """What a recipe asks for: TEXT, IMAGE or INPAINTING."""
    if params.mask is not None:
        return INPAINTING
    return IMAGE if params.image is not None else TEXT


def needed(pipeline: str, denoiser: Mapping[str, object]) -> str | None:
    """The only task of a model with this class and denoiser's config; None if it needs a text only.

    A UNet of nine channels sees the mask and the picture around it besides the latents.
    """
    inpaints = pipeline_for(pipeline, INPAINTING) is not None
    return INPAINTING if inpaints and denoiser.get("in_channels") == INPAINTING_CHANNELS else None


def excluded(pipeline: str, denoiser: Mapping[str, object]) -> str | None:
    """The task that a model's class can do and this denoiser cannot, or None."""
    family = families.of(pipeline)
    if family is None or not family.inpaints_with_nine:
        return None
    return None if denoiser.get("in_channels") == INPAINTING_CHANNELS else INPAINTING


def pipeline_for(pipeline: str | None, task: str) -> str | None:
    """The class that does a task with the parts of a pipeline; None if none does."""
    family = families.of(pipeline or "")
    if family is None:
        return None
    by_task = {
        TEXT: None if family.needs else family.pipeline,
        IMAGE: family.image_to_image,
        INPAINTING: family.inpainting,
    }
    return by_task[task]


def tasks_of(pipeline: str | None) -> list[str]:
    """What the parts of a pipeline can do, in words."""
    return [words for task, words in IN_WORDS.items() if pipeline_for(pipeline, task)]


def steps_run(steps: int, strength: float | None, pipeline: str | None = None) -> int:
    """How many of the steps run from a start picture; all of them without a strength.

    The first ones are left out, in the arithmetic of the class `pipeline`.
    """
    if strength is None:
        return steps
    part = min(steps * strength, steps)
    return steps - int(steps - part) if pipeline in _PARTS_OF_STEPS else int(part)
