"""The distance of pictures from the CPU's in float32."""

from __future__ import annotations

import numpy as np
import pytest
from bench.made_up import configuration

from dwlab.bench import parity


def test_pictures_are_compared_if_they_are_small_and_mean_something():
    small, large = configuration(), configuration(model="sd15", width=512, height=512)
    assert parity.kind_for("auto", small, random=False) == "picture"
    assert parity.kind_for("auto", small, random=True) == "denoiser"
    assert parity.kind_for("auto", large, random=False) == "denoiser"
    assert parity.kind_for("none", small, random=False) == "none"


def test_distances_are_relative_and_pictures_are_compared_in_decibels():
    a = np.array([[3.0, 4.0]], np.float32)
    assert parity.distance(a * 1.1, a) == pytest.approx(0.1, rel=1e-4)
    assert parity.psnr(np.full((2, 2), 0.5), np.full((2, 2), 0.4)) == pytest.approx(20.0)
    assert parity.psnr(a, a) is None
