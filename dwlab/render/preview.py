"""A rough picture of what is still forming: latents to RGB by one small matrix, without the decoder."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from .latents import encode, layout_of, planes

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from PIL import Image

    from ..models.identity import Identity
    from ..models.loading import Model

log = logging.getLogger(__name__)
# The projection of `shapes` as `fit` finds it: four latent channels and a constant to red, green and
# blue from 0 to 1.
SHAPES = (
    (-1.819, 1.507, -0.960),
    (0.876, -1.009, 0.363),
    (0.896, -0.710, 0.238),
    (0.202, 0.179, 0.025),
    (0.422, 0.570, 0.348),
)
# the same for models that work on pixels from -1 to 1
PIXELS = ((0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5), (0.5, 0.5, 0.5))
PICTURES = 64  # that a projection is fitted on
_known: dict[Identity, NDArray[np.float32] | None] = {}


def project(latents: torch.Tensor, model: Model, aspect: float = 1.0) -> Image.Image | None:
    """The picture that the latents of a pipeline stand for, with a pixel per latent.

    aspect: the picture's width divided by its height. It is None if the model has no projection,
    or if its latents have another form than its family's.
    """
    from PIL import Image

    plane = planes(latents, model.pipeline, aspect)
    matrix = projection(model)
    if matrix is None or plane is None or len(plane) + 1 != len(matrix):
        return None
    values = plane.float().cpu().numpy()
    with_constant = np.concatenate([values, np.ones_like(values[:1])])
    rgb = np.tensordot(with_constant, matrix, axes=([0], [0]))
    # black where the latents are not numbers
    return Image.fromarray((255 * np.nan_to_num(rgb).clip(0, 1)).round().astype(np.uint8))


def projection(model: Model) -> NDArray[np.float32] | None:
    """The matrix [C + 1, 3] of a model: shipped for `shapes`, fitted once per process for others."""
    if model.identity.name == "shapes":
        return np.array(SHAPES, np.float32)
    return _fitted(model)


def _fitted(model: Model) -> NDArray[np.float32] | None:
    if model.identity not in _known:
        try:
            _known[model.identity] = fit(model.pipeline)
        # out of memory, most likely: then the finished picture must do
        except RuntimeError as error:
            log.warning("no rough pictures of %s: %s", model.identity.name, error)
            _known[model.identity] = None
    return _known[model.identity]


def fit(pipeline: Any) -> NDArray[np.float32] | None:
    """Least squares from the latents of drawings to their colours, [C + 1, 3].

    It is None for a pipeline that cannot turn pictures into latents.
    """
    import torch

    if layout_of(pipeline) == "pixels":
        return np.asarray(PIXELS, np.float32)
    drawings = _drawings()
    with torch.inference_mode():
        latents = encode(pipeline, 2 * drawings - 1)
    if latents is None:
        return None
    colours = torch.nn.functional.interpolate(drawings, latents.shape[2:], mode="area")
    with_constant = torch.cat([latents, torch.ones_like(latents[:, :1])], dim=1)
    solution = torch.linalg.lstsq(_pixels(with_constant), _pixels(colours)).solution
    return np.asarray(solution, np.float32)


def _drawings() -> torch.Tensor:
    """Random scenes, [PICTURES, 3, H, W], values from 0 to 1."""
    import torch

    from .. import shapes

    rng = np.random.default_rng(0)
    drawings = [np.asarray(shapes.draw(shapes.random_scene(rng), rng)) for _ in range(PICTURES)]
    return torch.from_numpy(np.stack(drawings)).permute(0, 3, 1, 2).float() / 255


def _pixels(pictures: torch.Tensor) -> torch.Tensor:
    """[N, C, H, W] to one row of C values per pixel."""
    return pictures.permute(0, 2, 3, 1).flatten(0, 2)
