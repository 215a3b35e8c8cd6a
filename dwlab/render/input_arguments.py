"""The arguments of a stock call for a cell's pictures, as a person would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..models.call_parameters import call_parameters
from ..spec import families, ip_adapters, tasks
from ..spec.size_rule import SIZED_BY_PICTURE

if TYPE_CHECKING:
    from PIL import Image

    from .resolved_cell import ResolvedCell

    Size = tuple[int, int]


def input_arguments(pipeline: Any, cell: ResolvedCell) -> dict[str, Any]:
    """The pictures of a cell, and what belongs to them; nothing for a text alone."""
    arguments: dict[str, Any] = {}
    if cell.params.image is not None:
        arguments |= _start_arguments(pipeline, cell)
    if cell.params.control:
        arguments |= _control_arguments(pipeline, cell)
    if shown := ip_adapters.acting(cell.params.ip_adapter):
        # a list of what each adapter sees, which is a list of pictures again
        arguments["ip_adapter_image"] = [
            [cell.picture(reference) for reference in adapter.image] for adapter in shown
        ]
    return arguments


def _start_arguments(pipeline: Any, cell: ResolvedCell) -> dict[str, Any]:
    params = cell.params
    picture = cell.picture(params.image)
    name = type(pipeline).__name__
    takes_size = "width" in call_parameters(pipeline)
    is_whole = params.mask_padding is not None or name not in tasks.STRENGTHS
    if not (is_whole and takes_size) and name not in SIZED_BY_PICTURE:
        # some pipelines take no size: they draw in that of their picture
        picture = _resized(picture, (params.width, params.height))
    family = families.of(name)
    arguments: dict[str, Any] = {family.picture_argument if family else "image": picture}
    if params.strength is not None:
        arguments["strength"] = params.strength
    if params.mask is not None:
        arguments |= _mask_arguments(cell, picture.size)
    return arguments


def _control_arguments(pipeline: Any, cell: ResolvedCell) -> dict[str, Any]:
    """What the ControlNets see; of one net a value, of several a list."""
    controls = cell.params.control
    known = call_parameters(pipeline)
    picture = "control_image" if "control_image" in known else "image"
    arguments: dict[str, Any] = {
        picture: [cell.picture(control.image) for control in controls],
        "controlnet_conditioning_scale": [control.scale for control in controls],
        "control_guidance_start": [control.start for control in controls],
        "control_guidance_end": [control.end for control in controls],
        "control_mode": [control.mode for control in controls],
    }
    if len(controls) == 1:
        arguments = {name: value[0] for name, value in arguments.items()}
        if controls[0].mode is None:
            del arguments["control_mode"]
    return {name: value for name, value in arguments.items() if name in known}


def _mask_arguments(cell: ResolvedCell, size: Size) -> dict[str, Any]:
    from diffusers.image_processor import VaeImageProcessor

    params = cell.params
    mask = _resized(cell.picture(params.mask), size)
    if params.mask_blur:
        mask = VaeImageProcessor.blur(mask, params.mask_blur)
    if params.mask_padding is None:
        return {"mask_image": mask}
    # stock puts the part back into the picture, and does so with pictures of Pillow only
    return {
        "mask_image": mask,
        "padding_mask_crop": params.mask_padding,
        "output_type": "pil",
    }


def _resized(picture: Image.Image, size: Any) -> Image.Image:
    """A picture in another size, as diffusers' image processors do it."""
    from PIL import Image

    if picture.size == size:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS)
