"""Which ControlNets go with which pipelines, as diffusers has them: one table, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# as `Family.tested` names them
TEXT = "text"
IMAGE = "image"
INPAINTING = "inpainting"


@dataclass(frozen=True)
class ControlKind:
    """ControlNets of one class beside the parts of a pipeline.

    net: the class of the ControlNet. plain: the pipeline class that draws without one. pipelines:
    the classes that draw with one, by task.
    several: how many may act at once: "any", "one", or "one net" that sees several pictures.
    has_span: whether they can act for a part of the steps only.
    draws_unseeded: whether the class encodes control pictures with torch's global generator.
    """

    net: str
    plain: str
    pipelines: Mapping[str, str]
    several: str = "any"
    has_span: bool = True
    draws_unseeded: bool = False


KINDS = (
    ControlKind(
        "ControlNetModel",
        "StableDiffusionPipeline",
        {
            TEXT: "StableDiffusionControlNetPipeline",
            IMAGE: "StableDiffusionControlNetImg2ImgPipeline",
            INPAINTING: "StableDiffusionControlNetInpaintPipeline",
        },
    ),
    ControlKind(
        "ControlNetModel",
        "StableDiffusionXLPipeline",
        {
            TEXT: "StableDiffusionXLControlNetPipeline",
            IMAGE: "StableDiffusionXLControlNetImg2ImgPipeline",
            INPAINTING: "StableDiffusionXLControlNetInpaintPipeline",
        },
    ),
    ControlKind(
        "ControlNetUnionModel",
        "StableDiffusionXLPipeline",
        {
            TEXT: "StableDiffusionXLControlNetUnionPipeline",
            IMAGE: "StableDiffusionXLControlNetUnionImg2ImgPipeline",
            INPAINTING: "StableDiffusionXLControlNetUnionInpaintPipeline",
        },
        several="one net",
    ),
    ControlKind(
        "SD3ControlNetModel",
        "StableDiffusion3Pipeline",
        {TEXT: "StableDiffusion3ControlNetPipeline"},
        draws_unseeded=True,
    ),
    ControlKind(
        "FluxControlNetModel",
        "FluxPipeline",
        {
            TEXT: "FluxControlNetPipeline",
            IMAGE: "FluxControlNetImg2ImgPipeline",
            INPAINTING: "FluxControlNetInpaintPipeline",
        },
    ),
    ControlKind(
        "QwenImageControlNetModel",
        "QwenImagePipeline",
        {TEXT: "QwenImageControlNetPipeline"},
        several="one",
    ),
    ControlKind(
        "HunyuanDiT2DControlNetModel",
        "HunyuanDiTPipeline",
        {TEXT: "HunyuanDiTControlNetPipeline"},
        has_span=False,
        draws_unseeded=True,
    ),
    ControlKind(
        "SanaControlNetModel",
        "SanaPipeline",
        {TEXT: "SanaControlNetPipeline"},
        several="one",
        has_span=False,
    ),
)
NETS = tuple(dict.fromkeys(kind.net for kind in KINDS))
# classes whose pictures are made one at a time, although those without ControlNets are not
NEVER_PACKED: frozenset[str] = frozenset()
_BY_PIPELINE = {pipeline: kind for kind in KINDS for pipeline in kind.pipelines.values()}


def of(net: str, plain: str | None) -> ControlKind | None:
    """The kind of a ControlNet's class beside the parts of a pipeline; None if they do not fit."""
    return next((kind for kind in KINDS if (kind.net, kind.plain) == (net, plain)), None)


def of_pipeline(pipeline: str) -> ControlKind | None:
    """The kind that a pipeline class is for; None for one without ControlNets."""
    return _BY_PIPELINE.get(pipeline)


def nets_for(plain: str | None) -> list[str]:
    """The classes of ControlNets that go with the parts of a pipeline."""
    return [kind.net for kind in KINDS if kind.plain == plain]


def plain_of(nets: Iterable[str]) -> list[str]:
    """The pipelines that ControlNets of these classes go with."""
    classes = set(nets)
    return [kind.plain for kind in KINDS if kind.net in classes]


def task_of(pipeline: str) -> str | None:
    """The task of a pipeline class with ControlNets; None for one without."""
    kind = of_pipeline(pipeline)
    tasks = kind.pipelines.items() if kind else ()
    return next((task for task, name in tasks if name == pipeline), None)
