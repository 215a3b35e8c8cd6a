"""Distances of pictures by their pixels: SSIM, PSNR and perceptual hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..decorator import metric
from ..metric import Options, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import torch
    from PIL import Image

    from ..setup import Setup

# Equal pictures have an infinite PSNR, of which no mean could be taken. Two pictures of a megapixel
# that differ in a single value by 1 have 113.
PSNR_LIMIT = 120.0  # dB
PIXELS_AT_ONCE = 1 << 21  # of pairs; SSIM takes about 200 bytes for each
HASH_BITS = 64
# pictures have at least this side, that of the window of SSIM
SSIM_SIDE = 11


class PixelDistance:
    """Pictures compared pixel by pixel; pairs of different sizes have no value.

    compare: takes two batches of pictures (pairs, 3, height, width), 0 to 1, and returns a value for
    each pair.
    """

    def __init__(
        self,
        device: str,
        compare: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        least_side: int = 1,
    ) -> None:
        self._device = device
        self._compare = compare
        self._least_side = least_side

    def features(self, pictures: Sequence[Image.Image]) -> list[np.ndarray]:
        """The pixels of each picture: (height, width, 3), 0 to 255."""
        import numpy as np

        return [np.asarray(picture.convert("RGB")) for picture in pictures]

    def between(
        self, first: Sequence[np.ndarray], second: Sequence[np.ndarray]
    ) -> list[float | None]:
        """The value of each pair."""
        values: list[float | None] = [None] * len(first)
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for at, (one, other) in enumerate(zip(first, second, strict=True)):
            if one.shape == other.shape and min(one.shape[:2]) >= self._least_side:
                by_shape.setdefault(one.shape, []).append(at)
        for (height, width, _), places in by_shape.items():
            at_once = max(1, PIXELS_AT_ONCE // (height * width))
            for start in range(0, len(places), at_once):
                pairs = places[start : start + at_once]
                batches = [self._batch([side[at] for at in pairs]) for side in (first, second)]
                for at, value in zip(pairs, self._compare(*batches).tolist(), strict=True):
                    values[at] = value
        return values

    def _batch(self, pictures: Sequence[np.ndarray]) -> torch.Tensor:
        import numpy as np
        import torch

        stacked = torch.from_numpy(np.stack(pictures)).to(self._device)
        return stacked.permute(0, 3, 1, 2).float() / 255


class HashDistance:
    """The number of different bits, 0 to 64, of the perceptual hashes of pictures (imagehash.phash)."""

    def features(self, pictures: Sequence[Image.Image]) -> list[Any]:
        """The hash of each picture."""
        import imagehash

        return [imagehash.phash(picture) for picture in pictures]

    def between(self, first: Sequence[Any], second: Sequence[Any]) -> list[float | None]:
        """The value of each pair."""
        return [float(one - other) for one, other in zip(first, second, strict=True)]


_AGAINST = frozenset({"against"})
_BY_TENSORS = Options(Scope.REFERENCE, needs=_AGAINST, library="torchmetrics")


@metric(version=1, batch=32, bounds=(-1, 1), options=_BY_TENSORS)
def ssim(setup: Setup) -> PixelDistance:
    """Structural similarity to the reference."""
    from torchmetrics.functional import image

    def compare(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        values: Any = image.structural_similarity_index_measure(
            first, second, data_range=1.0, reduction="none"
        )
        return values.reshape(-1)

    return PixelDistance(setup.device, compare, SSIM_SIDE)


@metric(version=1, batch=32, unit="dB", options=_BY_TENSORS)
def psnr(setup: Setup) -> PixelDistance:
    """Peak signal to noise ratio to the reference."""
    from torchmetrics.functional import image

    def compare(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        values: torch.Tensor = image.peak_signal_noise_ratio(
            first, second, data_range=1.0, reduction="none", dim=(1, 2, 3)
        )
        return values.clamp(max=PSNR_LIMIT)

    return PixelDistance(setup.device, compare)


@metric(
    version=1,
    batch=32,
    better="lower",
    bounds=(0, HASH_BITS),
    options=Options(Scope.REFERENCE, needs=_AGAINST, library="imagehash"),
)
def phash_distance(_setup: Setup) -> HashDistance:
    """Bits in which the perceptual hashes of picture and reference differ."""
    return HashDistance()
