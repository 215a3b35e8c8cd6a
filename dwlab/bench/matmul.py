"""Roughly the best a device can do: the rate of one large matrix product."""

from __future__ import annotations

import functools
import statistics
import time

import torch

from ..models import device as devices
from .timing import measure

# Sides of the square matrices, enough to fill the device.
SIDES = {"cpu": 1024, "mps": 2048, "cuda": 8192}


def matmul_rate(device: str, dtype: str) -> float:
    """Operations per second, a multiply-add being 2: the median of at least ten products."""
    side = SIDES[torch.device(device).type]
    # of ones a GPU makes more, because they take less power
    left = torch.randn((side, side), device=device, dtype=getattr(torch, dtype))
    out = torch.empty_like(left)
    seconds = measure(
        lambda _: torch.mm(left, left, out=out),
        clock=time.perf_counter,
        synchronise=functools.partial(devices.synchronize, device),
        warmup=3,
        iterations=10,
        seconds=0.3,
    )
    return 2.0 * side**3 / statistics.median(seconds)
