"""What is known of diffusers' pipelines by the name of their class.

Their family, whether their pictures may be packed, which parameters they ignore, and what they do
without a negative prompt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Packed:
    """A pipeline whose denoiser calls were tried merged, with the same pictures as alone.

    denoiser: the class that it calls. processors: attention processors whose rows do not see each
    other.
    """

    denoiser: str
    processors: frozenset[str]


def _packed(denoiser: str, *processors: str) -> Packed:
    return Packed(denoiser, frozenset(processors))


_UNET = _packed(
    "UNet2DConditionModel",
    "AttnProcessor",
    "AttnProcessor2_0",
    "FusedAttnProcessor2_0",
    "SlicedAttnProcessor",
)
# Each line has a test on a small model. Pipelines with PAG in their name are left out: their
# processors split a batch into its parts with and without guidance.
PACKED = {
    "StableDiffusionPipeline": _UNET,
    "StableDiffusionXLPipeline": _UNET,
    "LatentConsistencyModelPipeline": _UNET,
    "StableDiffusion3Pipeline": _packed(
        "SD3Transformer2DModel", "JointAttnProcessor2_0", "FusedJointAttnProcessor2_0"
    ),
    "FluxPipeline": _packed("FluxTransformer2DModel", "FluxAttnProcessor"),
    "AuraFlowPipeline": _packed("AuraFlowTransformer2DModel", "AuraFlowAttnProcessor2_0"),
    "ChromaPipeline": _packed("ChromaTransformer2DModel", "FluxAttnProcessor"),
    "CogView3PlusPipeline": _packed("CogView3PlusTransformer2DModel", "CogVideoXAttnProcessor2_0"),
    "CogView4Pipeline": _packed("CogView4Transformer2DModel", "CogView4AttnProcessor"),
    "Flux2KleinPipeline": _packed(
        "Flux2Transformer2DModel", "Flux2AttnProcessor", "Flux2ParallelSelfAttnProcessor"
    ),
    "HunyuanDiTPipeline": _packed("HunyuanDiT2DModel", "HunyuanAttnProcessor2_0"),
    "Lumina2Pipeline": _packed("Lumina2Transformer2DModel", "Lumina2AttnProcessor2_0"),
    "OvisImagePipeline": _packed("OvisImageTransformer2DModel", "OvisImageAttnProcessor"),
    "PixArtAlphaPipeline": _packed("PixArtTransformer2DModel", "AttnProcessor2_0"),
    "PixArtSigmaPipeline": _packed("PixArtTransformer2DModel", "AttnProcessor2_0"),
    "QwenImagePipeline": _packed("QwenImageTransformer2DModel", "QwenDoubleStreamAttnProcessor2_0"),
    "SanaPipeline": _packed(
        "SanaTransformer2DModel", "SanaAttnProcessor2_0", "SanaLinearAttnProcessor2_0"
    ),
    "ZImagePipeline": _packed("ZImageTransformer2DModel", "ZSingleStreamAttnProcessor"),
}


_FAMILIES = {
    # longest first: StableDiffusionXL begins with StableDiffusion, too
    "StableDiffusionXL": "sdxl",
    "StableDiffusion3": "sd3",
    "StableDiffusion": "sd",
    "Flux": "flux",
}
# Parameters that the call of a stock pipeline does not take, or does not use unless it is given a
# `true_cfg_scale`. Written down, because importing diffusers takes seconds; a test compares them
# with the signatures in diffusers.
UNUSED = {
    "negative_prompt": frozenset(
        {
            "Flux2KleinPipeline",
            "Flux2Pipeline",
            "FluxControlNetPipeline",
            "FluxControlPipeline",
            "FluxKontextPipeline",
            "FluxPipeline",
            "GlmImagePipeline",
            "Ideogram4Pipeline",
            "LatentConsistencyModelPipeline",
            "QwenImage21Pipeline",
        }
    ),
    "guidance": frozenset(
        {
            "QwenImage21Pipeline",
            "StableCascadeCombinedPipeline",
            "WuerstchenCombinedPipeline",
        }
    ),
    "steps": frozenset({"HeliosPyramidPipeline"}),
}


def family(pipeline: str) -> str:
    """The family that a pipeline class belongs to, like sdxl; `unknown` for all others."""
    for start, name in _FAMILIES.items():
        if pipeline.startswith(start):
            return name
    return "unknown"


def ignored(pipeline: str, denoiser: Mapping[str, object]) -> frozenset[str]:
    """The parameters without effect on a pipeline of this class with this denoiser's config."""
    names = {name for name, classes in UNUSED.items() if pipeline in classes}
    if _is_distilled(denoiser):
        names.add("negative_prompt")
    is_flux = pipeline in ("FluxPipeline", "FluxKontextPipeline")
    if is_flux and not denoiser.get("guidance_embeds"):  # like FLUX.1-schnell
        names.add("guidance")
    return frozenset(names)


def _is_distilled(denoiser: Mapping[str, object]) -> bool:
    """Whether a denoiser gets the guidance as an input, and so never sees a negative prompt."""
    return denoiser.get("time_cond_proj_dim") is not None


def drawing(pipeline: str) -> str:
    """The text-to-image class with the parts of a pipeline, which may be of another kind."""
    return re.sub("Img2Img|Inpaint(ing)?", "", pipeline)


def never_packed(pipeline: str) -> str | None:
    """Why pictures of a pipeline class are made one at a time; None if they may share forwards."""
    if pipeline in PACKED:
        return None
    return f"{pipeline} was never tried with several pictures in a forward"


@dataclass(frozen=True)
class Omission:
    """Pipelines for which leaving the negative prompt out makes another picture than an empty text.

    classes: how the names of their classes begin.
    means: what leaving it out does.
    option, default: the option in model_index.json that switches this on, and its default.
    true_cfg: the default of the call's `true_cfg_scale`, if that one (not the guidance) must be
        above 1 for a negative prompt to be used.
    """

    classes: str
    means: str
    option: str | None = None
    default: bool = True
    true_cfg: float | None = None

    def applies(self, index: Mapping[str, object], denoiser: Mapping[str, object]) -> bool:
        """Whether this holds for a model, by its model_index.json and its denoiser's config."""
        if self.option and not index.get(self.option, self.default):
            return False
        return self.true_cfg is not None or not _is_distilled(denoiser)

    def shows(self, guidance: float, call: Mapping[str, object]) -> bool:
        """Whether a picture with this guidance and these arguments of the call depends on it."""
        scale = guidance if self.true_cfg is None else call.get("true_cfg_scale", self.true_cfg)
        return isinstance(scale, int | float) and scale > 1


_ZEROS = "zeros instead of an encoded text"
_NO_TRUE_CFG = "no true CFG, and half the calls of the denoiser"
# Longer names first. In diffusers 0.42.1 all other text-to-image pipelines treat a missing negative
# prompt like an empty one.
OMISSIONS = (
    Omission("StableDiffusionXL", _ZEROS, option="force_zeros_for_empty_prompt", default=True),
    Omission("Kolors", _ZEROS, option="force_zeros_for_empty_prompt", default=False),
    Omission("CogView3Plus", _ZEROS),
    Omission("QwenImage21", _NO_TRUE_CFG, true_cfg=1.0),
    Omission("QwenImage", _NO_TRUE_CFG, true_cfg=4.0),
    Omission("Flux", _NO_TRUE_CFG, true_cfg=1.0),
)


def omission(index: Mapping[str, object], denoiser: Mapping[str, object]) -> Omission | None:
    """What leaving the negative prompt out means to a model; None if the same as an empty text.

    index: its model_index.json. denoiser: the config of its denoiser.
    """
    pipeline = str(index.get("_class_name", ""))
    for rule in OMISSIONS:
        if pipeline.startswith(rule.classes):
            return rule if rule.applies(index, denoiser) else None
    return None
