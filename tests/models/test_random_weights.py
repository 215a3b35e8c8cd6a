"""Models with made-up weights, for benchmarks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dwlab.errors import InvalidInput
from dwlab.models import random_weights
from dwlab.models.arguments import check_arguments
from dwlab.models.identity import identify
from dwlab.spec import catalog
from dwlab.spec.params import GenerationParams


def test_made_up_weights_are_the_same_every_time_and_as_many_as_published():
    with torch.device("meta"):
        parts = random_weights._sd15(), random_weights._sdxl()
    counts = [sum(p.numel() for p in part["unet"].parameters()) for part in parts]
    assert counts == [859_520_964, 2_567_463_684]
    small = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.LayerNorm(8))
    sums = []
    for _ in range(2):
        random_weights._fill(small, torch.Generator().manual_seed(0))
        sums.append(small(torch.ones(1, 8)).sum().item())
    assert sums[0] == sums[1] and np.isfinite(sums[0])


def test_a_model_with_made_up_weights_draws_no_pictures_for_people():
    assert "sd15-geometry" in catalog.CATALOG and "sd15-geometry" not in catalog.DRAWING
    cell, identity = (
        GenerationParams("p", model="sd15-geometry", call={"eta": 0}),
        identify("sd15-geometry", "cpu"),
    )
    with pytest.raises(InvalidInput, match="for measuring"):
        check_arguments([cell], identity)
