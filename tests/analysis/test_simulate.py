"""Intervals and rankings are right as often as they say, on sweeps with a known truth."""

from __future__ import annotations

import numpy as np
import pytest
import simulate
from simulated_designs import Design

from dwlab.analysis.rivals import adjusted_means, deficits
from dwlab.analysis.setting_grid import typical_jump

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


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_many_sweeps_at_a_time_are_ranked_as_one_alone(missing):
    design = Design("few", 6, 3, missing=missing)
    values, _ = design.draw(np.random.default_rng(1), 4, simulate.RANKED)
    low, high = simulate.deficit_bounds(values)
    for at, sweep in enumerate(values):
        best = int(np.argmax(adjusted_means(sweep)))
        jump = typical_jump(sweep)
        alone = deficits(sweep, best, simulate.MARGIN, prompts_vary=True, jump=jump)
        assert low[at] == pytest.approx([result.low for result in alone])
        assert high[at] == pytest.approx([result.high for result in alone])


@pytest.mark.parametrize("kind", ["normal", "skewed", "ceiling"])
def test_rankings_seldom_claim_what_is_not_true(kind):
    result = simulate.claims(Design(kind, 12, 6, kind=kind), 200, np.random.default_rng(1))
    assert max(result.within, result.beyond, result.cheapest) <= 1 - LEAST
    assert result.named > 0.2
