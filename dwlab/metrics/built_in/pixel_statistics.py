"""Metrics of any picture: brightness, contrast, sharpness, colourfulness, blank."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..decorator import metric
from ..metric import Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from PIL import Image

    from ..measured_cell import MeasuredCell
    from ..metric_set import Values

LUMA_WEIGHTS = (0.299, 0.587, 0.114)  # Rec. 601
BLANK_DEVIATION = 1.0  # of 255, below which a picture counts as one flat colour


@metric(
    version=1,
    options=Options(
        usual=True,
        columns=("brightness", "contrast", "sharpness", "colourfulness", "blank"),
    ),
)
def pixel_statistics(
    pictures: Sequence[Image.Image], _cells: Sequence[MeasuredCell]
) -> list[Values]:
    """Properties of the pixels of pictures."""
    return [_statistics(picture) for picture in pictures]


def _statistics(image: Image.Image) -> Values:
    """Properties of the pixels.

    brightness: mean luma, 0..1. contrast: the standard deviation of luma (RMS contrast).
    sharpness: the variance of luma's Laplacian (Pech-Pacheco et al. 2000), x 1000. colourfulness:
    Hasler & Süsstrunk 2003. blank: 1 for one flat colour, otherwise 0.
    """
    import numpy as np

    rgb = np.asarray(image.convert("RGB"), dtype=np.float64)
    luma = rgb @ LUMA_WEIGHTS / 255
    return {
        "brightness": float(luma.mean()),
        "contrast": float(luma.std()),
        "sharpness": _sharpness(luma),
        "colourfulness": _colourfulness(rgb),
        "blank": int(rgb.std(axis=(0, 1)).max() < BLANK_DEVIATION),
    }


def _sharpness(luma: np.ndarray) -> float:
    neighbours = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    laplacian = neighbours - 4 * luma[1:-1, 1:-1]
    return float(laplacian.var() * 1000) if laplacian.size else 0.0


def _colourfulness(rgb: np.ndarray) -> float:
    import numpy as np

    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    red_green = red - green
    yellow_blue = (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    mean = np.hypot(red_green.mean(), yellow_blue.mean())
    return float(spread + 0.3 * mean)
