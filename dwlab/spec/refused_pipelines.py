"""Pipelines of diffusers for pictures that do not draw from a text alone, and why."""

from __future__ import annotations

from .family import Refusal

_CONTROL = "needs a control picture"
_PICTURE = "needs a picture to change"
_VIDEO = "makes videos"
REFUSED = (
    Refusal("StableDiffusionControlNetPipeline", _CONTROL),
    Refusal("StableDiffusionControlNetImg2ImgPipeline", _CONTROL),
    Refusal("StableDiffusionControlNetInpaintPipeline", _CONTROL),
    Refusal("StableDiffusionControlNetPAGPipeline", _CONTROL),
    Refusal("StableDiffusionControlNetPAGInpaintPipeline", _CONTROL),
    Refusal("StableDiffusionXLControlNetPipeline", _CONTROL),
    Refusal("StableDiffusionXLControlNetImg2ImgPipeline", _CONTROL),
    Refusal("StableDiffusionXLControlNetInpaintPipeline", _CONTROL),
    Refusal("StableDiffusionXLControlNetPAGPipeline", _CONTROL),
    Refusal("StableDiffusionXLControlNetPAGImg2ImgPipeline", _CONTROL),
    Refusal("StableDiffusionXLControlNetUnionPipeline", _CONTROL),
    Refusal("StableDiffusionXLControlNetUnionImg2ImgPipeline", _CONTROL),
    Refusal("StableDiffusionXLControlNetUnionInpaintPipeline", _CONTROL),
    Refusal("StableDiffusion3ControlNetPipeline", _CONTROL),
    Refusal("StableDiffusion3ControlNetInpaintingPipeline", _CONTROL),
    Refusal("FluxControlImg2ImgPipeline", _CONTROL),
    Refusal("FluxControlInpaintPipeline", _CONTROL),
    Refusal("FluxControlNetPipeline", _CONTROL),
    Refusal("FluxControlNetImg2ImgPipeline", _CONTROL),
    Refusal("FluxControlNetInpaintPipeline", _CONTROL),
    Refusal("CogView4ControlPipeline", _CONTROL),
    Refusal("QwenImageControlNetPipeline", _CONTROL),
    Refusal("ZImageControlNetPipeline", _CONTROL),
    Refusal("ZImageControlNetInpaintPipeline", _CONTROL),
    Refusal("QwenImageLayeredPipeline", _PICTURE),
    Refusal("HeliosPipeline", _VIDEO),
    Refusal("HeliosPyramidPipeline", _VIDEO),
)
