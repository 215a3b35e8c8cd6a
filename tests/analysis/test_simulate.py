"""Intervals and rankings are right as often as they say, on sweeps with a known truth."""

from __future__ import annotations

import numpy as np
import pytest
import simulate
from simulated_designs import Design

# three standard errors of 300 sweeps below 95%
LEAST = 0.95 - 3 * (0.95 * 0.05 / 300) ** 0.5


@pytest.mark.parametrize(
    "design",
    [
        Design("few prompts", 3, 4),
        Design("many prompts", 24, 4),
        Design("missing cells", 6, 4, missing=0.25),
        Design("one seed", 6, 1),
        Design("ties at a ceiling", 6, 4, kind="ceiling"),
        Design("skewed", 6, 4, kind="skewed"),
    ],
    ids=lambda design: design.name,
)
def test_intervals_cover_the_truth(design):
    result = simulate.coverage(design, 300, np.random.default_rng(1))
    assert result.crossed >= LEAST
    if design.seeds > 1:
        assert result.false <= 1 - LEAST


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normal", "skewed", "ceiling"])
def test_rankings_seldom_claim_what_is_not_true(kind):
    result = simulate.claims(Design(kind, 12, 6, kind=kind), 200, np.random.default_rng(1))
    assert max(result.within, result.beyond, result.cheapest) <= 1 - LEAST
    assert result.named > 0.2
