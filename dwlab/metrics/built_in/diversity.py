"""How different the pictures of a setting are that differ only in seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..decorator import metric
from ..metric import Distance, Options, Scope
from .clip_distances import PerceptualDistance
from .pixel_distances import HashDistance, PixelDistance

if TYPE_CHECKING:
    import torch

    from ..setup import Setup


def _root_mean_square(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    return (first - second).square().mean(dim=(1, 2, 3)).sqrt()


@metric(
    version=1,
    batch=32,
    options=Options(
        Scope.SEEDS,
        takes=frozenset({"model", "by"}),
        by=("perceptual_distance", "pixels", "phash_distance"),
        by_without_network=("pixels", "phash_distance"),
    ),
)
def diversity(setup: Setup) -> Distance:
    """The mean distance to the pictures that differ only in seed."""
    by = setup.request.by
    if by == "pixels":
        return PixelDistance(setup.device, _root_mean_square)
    if by == "phash_distance":
        return HashDistance()
    return PerceptualDistance(setup.network())
