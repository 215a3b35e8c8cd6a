"""The sizes that pipelines make of the sizes that they are asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import native_side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .family import Family

# of `Family.latents`: the denoiser sees two by two latents as one
_PATCHES = ("patches", "normalized patches")


@dataclass(frozen=True)
class SizeRule:
    """How a pipeline changes a size that it is asked for, without a word.

    multiple: of each side, in pixels. rounds_up: whether to the next one, and not to the last one.
    area: the pixels that it draws whatever the size, which then gives the shape only.
    """

    multiple: int = 1
    rounds_up: bool = False
    area: int | None = None

    @classmethod
    def of(cls, family: Family | None, decoder: Mapping[str, object], side: int | None) -> SizeRule:
        """The rule of a family, by the config of the decoder and the side that it was trained for."""
        if family is None or not (family.has_area or family.latents in _PATCHES):
            return ANY_SIZE
        area = side * side if family.has_area and side else None
        return cls(2 * native_side.pixels_per_latent(decoder), family.rounds_up, area)

    def drawn(self, size: tuple[int, int]) -> tuple[int, int]:
        """The width and height of the picture, in pixels; asked for them, it draws just these."""
        width, height = size
        if self.area is None:
            return self._rounded(width), self._rounded(height)
        while True:
            scale = math.sqrt(self.area / (width * height))
            drawn = self._rounded(width * scale), self._rounded(height * scale)
            if drawn == (width, height):
                return drawn
            width, height = drawn

    def _rounded(self, side: float) -> int:
        rounded = math.ceil(side / self.multiple) if self.rounds_up else side // self.multiple
        return max(1, int(rounded)) * self.multiple


ANY_SIZE = SizeRule()
# These draw a megapixel in the shape of their picture, whatever size they are asked for.
SIZED_BY_PICTURE = frozenset({"QwenImageEditInpaintPipeline"})


def megapixel(size: tuple[int, int]) -> tuple[int, int]:
    """The width and height, in multiples of 32, that pipelines sized by their picture draw.

    size: of the picture. The formula is `calculate_dimensions` in diffusers' Qwen-Image-Edit.
    """
    ratio = size[0] / size[1]
    width = math.sqrt(1024 * 1024 * ratio)
    return round(width / 32) * 32, round(width / ratio / 32) * 32
