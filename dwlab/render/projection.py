"""Latents to RGB by one small matrix per model, which is fitted to the model's own encoder."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any, TypeAlias

from .latents import encode, layout_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from ..models.identity import Identity
    from ..models.loading import Model

    # planes [C, H, W] to colours [3, h, w] from 0 to 1; None for planes of another model
    Decoder: TypeAlias = Callable[[torch.Tensor], torch.Tensor | None]

log = logging.getLogger(__name__)
# [C + 1, 3]: colours of each channel, and of a constant, for models that work on pixels from -1 to 1
PIXELS = ((0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5), (0.5, 0.5, 0.5))
PICTURES = 64  # that a projection is fitted on
_known: dict[Identity, Decoder | None] = {}


def projection_of(model: Model) -> Decoder | None:
    """The projection of a model, fitted once per process; None if it cannot encode pictures."""
    if model.identity not in _known:
        try:
            matrix = fit(model.pipeline)
        # out of memory, most likely: then the finished picture must do
        except RuntimeError as error:
            log.warning("no rough pictures of %s: %s", model.identity.name, error)
            matrix = None
        _known[model.identity] = None if matrix is None else functools.partial(_project, matrix)
    return _known[model.identity]


def _project(matrix: torch.Tensor, plane: torch.Tensor) -> torch.Tensor | None:
    import torch

    if len(plane) + 1 != len(matrix):
        return None
    plane = plane.cpu()
    with_constant = torch.cat([plane, torch.ones_like(plane[:1])])
    return torch.einsum("chw,ck->khw", with_constant, matrix)


def fit(pipeline: Any) -> torch.Tensor | None:
    """Least squares from the latents of drawings to their colours, [C + 1, 3].

    It is None for a pipeline that cannot turn pictures into latents.
    """
    import torch

    if layout_of(pipeline) == "pixels":
        return torch.tensor(PIXELS, dtype=torch.float32)
    drawings = _drawings()
    with torch.inference_mode():
        latents = encode(pipeline, 2 * drawings - 1)
    if latents is None:
        return None
    colours = torch.nn.functional.interpolate(drawings, latents.shape[2:], mode="area")
    with_constant = torch.cat([latents, torch.ones_like(latents[:, :1])], dim=1)
    return torch.linalg.lstsq(_pixels(with_constant), _pixels(colours)).solution.float()


def _drawings() -> torch.Tensor:
    """Random scenes, [PICTURES, 3, H, W], values from 0 to 1."""
    import numpy as np
    import torch

    from .. import shapes

    rng = np.random.default_rng(0)
    drawings = [np.asarray(shapes.draw(shapes.random_scene(rng), rng)) for _ in range(PICTURES)]
    return torch.from_numpy(np.stack(drawings)).permute(0, 3, 1, 2).float() / 255


def _pixels(pictures: torch.Tensor) -> torch.Tensor:
    """[N, C, H, W] to one row of C values per pixel."""
    return pictures.permute(0, 2, 3, 1).flatten(0, 2)
