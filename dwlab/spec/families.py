"""What is known of diffusers' pipelines by the name of their class: which may be packed, and what no negative prompt means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Packed:
    """A pipeline whose denoiser calls were tried when merged, and came out as they do alone.

    denoiser: the class that it calls. processors: the attention processors whose rows do not see each other.
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
# Not here, because their processors split a batch into its parts with and without guidance: all pipelines with PAG in
# their name. Each line has a test on a small model.
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


def drawing(pipeline: str) -> str:
    """The class that draws from a text alone with the parts of a pipeline, of which it may be the image-to-image kind."""
    return re.sub("Img2Img|Inpaint(ing)?", "", pipeline)


def never_packed(pipeline: str) -> str | None:
    """Why pictures of a pipeline class are made one at a time; None if they may share forwards."""
    return (
        None
        if pipeline in PACKED
        else f"{pipeline} was never tried with several pictures in a forward"
    )


@dataclass(frozen=True)
class Omission:
    """Pipelines for which leaving the negative prompt out makes another picture than an empty text.

    classes: how their names begin. means: what leaving it out does. option, default: the option in model_index.json
    that says whether it does so. true_cfg: the call's own `true_cfg_scale`, where that one, rather than the guidance,
    must be above 1 for a negative prompt to be used at all.
    """

    classes: str
    means: str
    option: str | None = None
    default: bool = True
    true_cfg: float | None = None

    def shows(self, guidance: float, call: Mapping[str, Any]) -> bool:
        """Whether a picture with this guidance and these arguments of the call depends on it."""
        scale = guidance if self.true_cfg is None else call.get("true_cfg_scale", self.true_cfg)
        return isinstance(scale, int | float) and scale > 1


_ZEROS, _NO_TRUE_CFG = (
    "zeros in place of an encoded text",
    "no true CFG, and half the calls of the denoiser",
)
# In diffusers 0.42.1 all other text-to-image pipelines take a missing negative prompt for an empty one. Longer names first.
OMISSIONS = (
    Omission("StableDiffusionXL", _ZEROS, option="force_zeros_for_empty_prompt", default=True),
    Omission("Kolors", _ZEROS, option="force_zeros_for_empty_prompt", default=False),
    Omission("CogView3Plus", _ZEROS),
    Omission("QwenImage21", _NO_TRUE_CFG, true_cfg=1.0),
    Omission("QwenImage", _NO_TRUE_CFG, true_cfg=4.0),
    Omission("Flux", _NO_TRUE_CFG, true_cfg=1.0),
)


def omission(index: Mapping[str, Any], denoiser: Mapping[str, Any]) -> Omission | None:
    """What leaving the negative prompt out means to a model, by its model_index.json and its denoiser's config."""
    pipeline = str(index.get("_class_name", ""))
    rule = next((rule for rule in OMISSIONS if pipeline.startswith(rule.classes)), None)
    if rule is None or (rule.option and not index.get(rule.option, rule.default)):
        return None
    if rule.true_cfg is None and denoiser.get("time_cond_proj_dim") is not None:
        return None  # a distilled denoiser is told the guidance, and called once: no negative prompt is used
    return rule
