"""The settings that are not shown worse than the best, beside arch's model confidence set."""

from __future__ import annotations

import numpy as np
import pytest
from simulate import RANKED
from simulated_designs import Design
from simulated_sets import agreement

pytestmark = pytest.mark.slow
APART = (0.0, -0.1, -0.2, -0.3)
SWEEPS = 40


def on(design, means):
    return agreement(design, SWEEPS, means, np.random.default_rng(1))


def test_the_sets_agree_where_pairs_are_independent():
    apart = on(Design("one seed", 24, 1), APART)
    assert apart.same >= 0.9
    close = on(Design("one seed", 50, 1), RANKED)
    assert close.inside >= 0.85
    assert abs(close.ours - close.theirs) < 0.5
    assert min(close.ours_holds_best, close.theirs_holds_best) >= 0.9


def test_ours_keeps_the_best_where_prompts_and_seeds_are_crossed():
    crossed = on(Design("crossed", 3, 8), RANKED)
    assert crossed.ours_holds_best >= 0.9
    # independent pairs would say more than these do
    assert crossed.theirs < crossed.ours
