"""How different the pictures of a setting are that differ only in seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clip_distances import PerceptualDistance
from .metric import Distance, Metric, Scope
from .pixel_distances import HashDistance, PixelDistance

if TYPE_CHECKING:
    import torch

    from .setup import Setup


def _root_mean_square(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    return (first - second).square().mean(dim=(1, 2, 3)).sqrt()


def _make(setup: Setup) -> Distance:
    by = setup.request.by
    if by == "pixels":
        return PixelDistance(setup.device, _root_mean_square)
    if by == "phash_distance":
        return HashDistance()
    return PerceptualDistance(setup.network())


DIVERSITY = Metric(
    name="diversity",
    version=1,
    scope=Scope.SEEDS,
    make=_make,
    takes=frozenset({"model", "by"}),
    by=("perceptual_distance", "pixels", "phash_distance"),
    by_without_network=("pixels", "phash_distance"),
)
