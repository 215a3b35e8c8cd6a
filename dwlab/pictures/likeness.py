"""How alike two pictures are, where they cannot be expected to be the same."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

# of SSIM's window and constants: Wang et al. 2004, "Image Quality Assessment: From Error Visibility
# to Structural Similarity", section III.C
_SIGMA = 1.5
_RADIUS = 5
_FIRST = (0.01 * 255) ** 2
_SECOND = (0.03 * 255) ** 2


def psnr(first: Image.Image, second: Image.Image) -> float:
    """The peak signal-to-noise ratio in dB over RGB, infinite for equal pictures of one size."""
    error = float(np.mean((_values(first) - _values(second)) ** 2))
    return 10 * math.log10(255**2 / error) if error else math.inf


def ssim(first: Image.Image, second: Image.Image) -> float:
    """The mean structural similarity over RGB, at most 1, of two pictures of one size."""
    left = _values(first)
    right = _values(second)
    mean_left = _blurred(left)
    mean_right = _blurred(right)
    variance_left = _blurred(left**2) - mean_left**2
    variance_right = _blurred(right**2) - mean_right**2
    covariance = _blurred(left * right) - mean_left * mean_right
    numerator = (2 * mean_left * mean_right + _FIRST) * (2 * covariance + _SECOND)
    denominator = (mean_left**2 + mean_right**2 + _FIRST) * (
        variance_left + variance_right + _SECOND
    )
    return float(np.mean(numerator / denominator))


def _values(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB"), np.float64)


def _blurred(values: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(values, (_SIGMA, _SIGMA, 0), truncate=_RADIUS / _SIGMA)
