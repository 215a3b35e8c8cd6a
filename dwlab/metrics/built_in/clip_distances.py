"""Distances of pictures as a network like CLIP sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..decorator import metric
from ..metric import Options, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from PIL import Image

    from ..clip_model import ClipModel
    from ..setup import Setup


class ImageSimilarity:
    """The cosine of two pictures' vectors, -1 to 1."""

    def __init__(self, clip: ClipModel) -> None:
        self._clip = clip

    def features(self, pictures: Sequence[Image.Image]) -> list[torch.Tensor]:
        """The vector of each picture: (width,)."""
        return list(self._clip.pictures(pictures))

    def between(
        self, first: Sequence[torch.Tensor], second: Sequence[torch.Tensor]
    ) -> list[float | None]:
        """The value of each pair."""
        import torch

        cosines = (torch.stack(list(first)) * torch.stack(list(second))).sum(dim=-1)
        return [float(cosine) for cosine in cosines.clamp(-1, 1).cpu()]


class PerceptualDistance:
    """How far the features of two pictures are apart, place by place, in the layers of the network.

    LPIPS (Zhang et al. 2018, equation 1) without its learned weights, and on this network: features
    are scaled to length 1 at each place; the squared distance is averaged over places, and over four
    layers from the first to the last. 0 for equal pictures, at most 4.
    """

    def __init__(self, clip: ClipModel) -> None:
        clip.check_layers()
        self._clip = clip

    def features(self, pictures: Sequence[Image.Image]) -> list[torch.Tensor]:
        """The features of each picture, of length 1: (layers, places, width)."""
        return list(self._clip.layers(pictures))

    def between(
        self, first: Sequence[torch.Tensor], second: Sequence[torch.Tensor]
    ) -> list[float | None]:
        """The value of each pair."""
        values: list[float | None] = []
        for one, other in zip(first, second, strict=True):
            same_places = one.shape == other.shape
            values.append(float((one - other).square().sum(-1).mean()) if same_places else None)
        return values


_OPTIONS = Options(Scope.REFERENCE, needs=frozenset({"against"}), takes=frozenset({"model"}))


@metric(version=1, batch=32, bounds=(-1, 1), options=_OPTIONS)
def image_similarity(setup: Setup) -> ImageSimilarity:
    """The cosine of the vectors of picture and reference."""
    return ImageSimilarity(setup.network())


@metric(version=1, batch=32, better="lower", bounds=(0, 4), options=_OPTIONS)
def perceptual_distance(setup: Setup) -> PerceptualDistance:
    """How far the features of picture and reference are apart."""
    return PerceptualDistance(setup.network())
