"""Pictures that tests start from."""

from __future__ import annotations

import numpy as np
from PIL import Image


def noise_picture(seed, size=(16, 16)):
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def half_mask(side, size=(16, 16)):
    """White in its left or its upper half."""
    mask = Image.new("L", size, 0)
    mask.paste(255, (0, 0, size[0] // 2, size[1]) if side == 0 else (0, 0, size[0], size[1] // 2))
    return mask.convert("RGB")


def difference(a, b):
    return int(np.abs(np.asarray(a, int) - np.asarray(b, int)).max())
