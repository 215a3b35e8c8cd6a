"""How far two pictures are apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Distance:
    """The difference of two pictures of one size, over all values of all pixels, of 255.

    mean, largest: of the absolute differences. share: of values that differ by more than 1.
    """

    mean: float
    largest: int
    share: float

    def __str__(self) -> str:
        if not self.largest:
            return "identical"
        return (
            f"{self.mean:.2f} of 255 on average, {self.largest} at most; "
            f"{self.share:.1%} of the values differ by more than 1"
        )


def distance(first: Image.Image, second: Image.Image) -> Distance | None:
    """The distance of two pictures in RGB; None if their sizes differ."""
    import numpy as np

    if first.size != second.size:
        return None
    left = np.asarray(first.convert("RGB"), np.int16)
    right = np.asarray(second.convert("RGB"), np.int16)
    difference = np.abs(left - right)
    return Distance(
        mean=float(difference.mean()),
        largest=int(difference.max()),
        share=float((difference > 1).mean()),
    )
