"""What is known of diffusers' pipelines by the name of their class: one table, and how it is read.

The table is written down because importing diffusers takes seconds; tests compare it with diffusers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import schedulers, transformer_families, unet_families
from .family import GUIDANCE, is_told_guidance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .family import Family, Omission, Packed

FAMILIES = (*unet_families.FAMILIES, *transformer_families.FAMILIES)
# by the class that draws from a text
BY_PIPELINE = {family.pipeline: family for family in FAMILIES}
_FOR_PICTURES = {
    pipeline: family
    for family in FAMILIES
    for pipeline in (family.image_to_image, family.inpainting)
    if pipeline is not None
}
UNKNOWN = "unknown"
# the kinds of devices on which pictures share forwards
PACKED_ON = ("cpu", "cuda")


def of(pipeline: str) -> Family | None:
    """The family of a pipeline class, which may be its kind for image-to-image or inpainting."""
    return BY_PIPELINE.get(pipeline) or _FOR_PICTURES.get(pipeline)


def name(pipeline: str) -> str:
    """The family's name for a pipeline class, like sdxl; `unknown` for all others."""
    family = of(pipeline)
    return family.name if family else UNKNOWN


def schedulers_for(pipeline: str, own: str | None) -> list[str]:
    """The names of `schedulers.ALIASES` with which a model draws.

    own: the class of its own scheduler.
    """
    family = of(pipeline)
    only = family.schedulers if family else ()
    names = schedulers.fitting(own)
    return [name for name in names if not only or schedulers.ALIASES[name][0] in only]


def drawing(index: Mapping[str, object]) -> str:
    """The class that draws with the parts of a folder, by its model_index.json.

    It draws from a text, even if the folder was saved by a class of another kind; but a refiner does
    not.
    """
    pipeline = str(index.get("_class_name", ""))
    family = of(pipeline)
    return family.pipeline if family and not is_refiner(index) else pipeline


def is_refiner(index: Mapping[str, object]) -> bool:
    """Whether a folder is an SDXL refiner, which takes a picture and is told a score of beauty."""
    return index.get("requires_aesthetics_score") is True


def packed(pipeline: str) -> Packed | None:
    """The denoiser whose calls a pipeline class may have merged; None if it was never tried."""
    family = of(pipeline)
    if family is None:
        return None
    by_task = {
        "text": family.pipeline,
        "image": family.image_to_image,
        "inpainting": family.inpainting,
    }
    # some classes do several
    tasks = {task for task, cls in by_task.items() if cls == pipeline}
    return None if tasks.isdisjoint(family.tested) else family.packed


def never_packed(pipeline: str) -> str | None:
    """Why pictures of a pipeline class are made one at a time; None if they may share forwards."""
    if packed(pipeline) is not None:
        return None
    return f"{pipeline} was never tried with several pictures in a forward"


def guidance_argument(pipeline: str, denoiser: Mapping[str, object]) -> str | None:
    """The argument of a pipeline's call that the recipe's guidance is; None if it has none."""
    family = of(pipeline)
    # Qwen-Image's call has a guidance_scale for models that are told the guidance
    if family is None or denoiser.get("guidance_embeds"):
        return GUIDANCE
    return family.guidance_argument


def ignored(pipeline: str, denoiser: Mapping[str, object]) -> frozenset[str]:
    """The parameters without effect on a pipeline of this class with this denoiser's config."""
    family = of(pipeline)
    names = set()
    if is_told_guidance(denoiser) or (family and not family.takes_negative):
        names.add("negative_prompt")
    is_flux = family is not None and family.name == "flux"
    if is_flux and not denoiser.get("guidance_embeds"):  # like FLUX.1-schnell
        names.add("guidance")
    if family and family.guidance_argument is None:
        names.add("guidance")
    return frozenset(names)


def omission(index: Mapping[str, object], denoiser: Mapping[str, object]) -> Omission | None:
    """What leaving the negative prompt out means to a model; None if the same as an empty text.

    index: its model_index.json. denoiser: the config of its denoiser.
    """
    family = of(str(index.get("_class_name", "")))
    if family is None or family.omission is None:
        return None
    return family.omission if family.omission.applies(index, denoiser) else None
