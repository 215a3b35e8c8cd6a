"""A rough picture of what is forming, from what a step predicts and without the model's decoder."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..errors import first_line
from . import tiny_decoders
from .latents import planes
from .packing.cell import taken_off
from .projection import projection_of

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from ..models.loading import Model
    from ..models.predictions import Prediction

log = logging.getLogger(__name__)
LARGEST_SIDE = 256  # pixels
# less leaves colours undecided for longer, more makes them garish (`python -m dwlab.bench.previews`)
GUIDANCE = 1.3


def forming(
    step: Prediction | None, latents: torch.Tensor, model: Model, aspect: float = 1.0
) -> Image.Image | None:
    """The picture that a step predicts, or that its latents show if the prediction is not known.

    latents: of one picture after the step, as the pipeline has them. aspect: the picture's width
    divided by its height. It is None if the model has no decoder for previews.
    """
    import torch

    try:
        with torch.inference_mode():
            clean = step.clean(GUIDANCE) if step else None
            if clean is not None and clean[0].shape == latents.shape:
                latents = clean[0]
            return picture(latents, model, aspect)
    # out of memory, most likely: then the finished picture must do
    except RuntimeError as error:
        log.warning("no preview of %s: %s", model.identity.name, first_line(error))
        return None


def picture(latents: torch.Tensor, model: Model, aspect: float = 1.0) -> Image.Image | None:
    """The picture that the latents of a pipeline stand for, at most LARGEST_SIDE pixels wide and high.

    It is None if the model has no decoder for previews, or if its latents have another form than its
    family's.
    """
    from PIL import Image

    plane = planes(latents, model.pipeline, aspect)
    colours = None if plane is None else _colours(plane.float(), model)
    if colours is None:
        return None
    # black where the latents are not numbers
    rgb = colours.nan_to_num().clamp(0, 1).mul(255).round().byte()
    image = Image.fromarray(_on_cpu(rgb.permute(1, 2, 0)).numpy())
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return image


def _colours(plane: torch.Tensor, model: Model) -> torch.Tensor | None:
    """By the user's own decoder for the family; or that of `shapes`, or a projection fitted to the model."""
    own = tiny_decoders.of(model)
    colours = own(plane) if own is not None else None
    if colours is not None:
        return colours
    decoder = _of_shapes if model.identity.name == "shapes" else projection_of(model)
    return decoder(plane) if decoder is not None else None


def _of_shapes(plane: torch.Tensor) -> torch.Tensor | None:
    from ..shapes import preview_decoder

    if len(plane) != preview_decoder.LATENT_CHANNELS:
        return None
    colours: torch.Tensor = preview_decoder.shipped()(_on_cpu(plane[None]))[0]
    return colours


def _on_cpu(values: torch.Tensor) -> torch.Tensor:
    # a cell under way lets others go on until the copy is there
    (host,) = taken_off(values)
    return host.cpu()
