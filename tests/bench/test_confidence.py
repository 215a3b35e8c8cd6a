"""Confidence intervals of speedups."""

from __future__ import annotations

import numpy as np
import pytest

from dwlab.bench.confidence import speedup
from dwlab.bench.timing import summary


@pytest.mark.slow
def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    random, hits = np.random.default_rng(5), 0
    for _ in range(24):
        rounds = [
            [list(random.normal(m, 0.05, 8).clip(0.1)) for m in random.normal(mean, 0.02, 6)]
            for mean in (2.0, 1.0)
        ]
        faster = speedup(*[summary(samples) for samples in rounds])
        assert faster.low <= faster.median <= faster.high
        hits += faster.low <= 2.0 <= faster.high
    assert hits >= 17  # 95% would be 23; six rounds are few, and the bootstrap is a little narrow
