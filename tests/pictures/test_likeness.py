"""PSNR and SSIM beside the same of torchmetrics."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image
from start_pictures import noise_picture
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from dwlab.pictures.likeness import psnr, ssim


def tensor(picture):
    return torch.from_numpy(np.asarray(picture, np.float64)).permute(2, 0, 1)[None]


def changed(picture, by, seed=1):
    noise = np.random.default_rng(seed).normal(0, by, np.asarray(picture).shape)
    return Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def picture():
    return noise_picture(0, (8, 8)).resize((64, 48), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("by", [0.5, 4, 40])
def test_both_are_those_of_torchmetrics(picture, by):
    other = changed(picture, by)
    left, right = tensor(picture), tensor(other)
    expected = float(peak_signal_noise_ratio(left, right, data_range=255.0))
    assert psnr(picture, other) == pytest.approx(expected, abs=1e-4)
    expected = float(structural_similarity_index_measure(left, right, data_range=255.0))
    # it leaves out the pixels at the border
    assert ssim(picture, other) == pytest.approx(expected, abs=0.02)


def test_equal_pictures_are_entirely_alike(picture):
    assert psnr(picture, picture) == math.inf
    assert ssim(picture, picture) == pytest.approx(1)
