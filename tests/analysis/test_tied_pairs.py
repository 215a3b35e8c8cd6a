"""Intervals where most pairs are tied."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special, stats
from simulate import APART
from simulated_designs import Design

from dwlab.analysis.crossed import crossed_means
from dwlab.analysis.precision import more_needed


def pairs_of(gains, losses, pairs):
    """One seed under each of so many prompts, and 1 and -1 where they differ: (1, pairs, 1)."""
    values = [1.0] * gains + [-1.0] * losses + [0.0] * (pairs - gains - losses)
    return np.array(values).reshape(1, pairs, 1)


def refuted_by(gains, losses, pairs, difference):
    """The score test of a difference of paired shares, its likelihood maximised by scipy."""
    ties = pairs - gains - losses

    def unlikelihood(share_of_losses):
        shares = [share_of_losses + difference, share_of_losses]
        shares.append(1 - sum(shares))
        return -np.sum(special.xlogy([gains, losses, ties], shares)) if min(shares) > 0 else np.inf

    lowest, highest = max(0.0, -difference), (1 - difference) / 2
    fit = optimize.minimize_scalar(
        unlikelihood, bounds=(lowest, highest), method="bounded", options={"xatol": 1e-10}
    )
    variance = pairs * (2 * fit.x + difference - difference**2)
    return (gains - losses - pairs * difference) / np.sqrt(variance)


@pytest.mark.parametrize(("gains", "losses", "pairs"), [(5, 1, 24), (1, 3, 12), (7, 7, 40)])
def test_with_one_seed_the_bounds_are_where_a_score_test_refutes(gains, losses, pairs):
    means = crossed_means(pairs_of(gains, losses, pairs))
    # without what skewness adds
    low = means.low()[0] - min(means.lean[0], 0.0)
    high = means.high()[0] - max(means.lean[0], 0.0)
    assert refuted_by(gains, losses, pairs, low) == pytest.approx(1.96, abs=1e-3)
    assert refuted_by(gains, losses, pairs, high) == pytest.approx(-1.96, abs=1e-3)


def test_p_without_skewness_is_that_of_mcnemar():
    assert crossed_means(pairs_of(6, 6, 40)).p_zero()[0] == pytest.approx(1.0)
    means = crossed_means(pairs_of(9, 2, 40))
    chance = 2 * stats.norm.sf((9 - 2) / np.sqrt(9 + 2))
    assert means.lean[0] > 0  # which moves the upper bound only
    assert means.p_zero()[0] == pytest.approx(chance)


def test_seeds_of_a_prompt_that_all_differ_say_less_than_as_many_elsewhere():
    scattered, confined = np.zeros((1, 12, 4)), np.zeros((1, 12, 4))
    scattered[0, [0, 3, 6, 9], [0, 1, 2, 3]] = 0.2
    confined[0, 0] = 0.2
    widths = [
        (means.high() - means.low())[0]
        for means in (crossed_means(scattered), crossed_means(confined))
    ]
    assert widths[1] > 1.3 * widths[0]


def test_p_is_under_5_percent_exactly_if_the_interval_of_tied_pairs_leaves_0_out():
    rng = np.random.default_rng(5)
    shares = rng.random((400, 1, 1)) * 0.3
    gains = rng.random((400, 20, 3)) < shares
    losses = rng.random((400, 20, 3)) < 0.03
    differences = 0.2 * (gains.astype(float) - losses)
    means = crossed_means(differences)
    apart = (means.low() > 0) | (means.high() < 0)
    assert means.is_tied.sum() > 300
    assert 50 < apart.sum() < 350
    assert np.array_equal(means.p_zero() < 0.05, apart)


def test_more_prompts_are_needed_where_only_few_differ():
    differences = np.zeros((1, 6, 4))
    differences[0, 0, 0] = 0.2
    means = crossed_means(differences)
    needed = more_needed(means.spread.at(0), 6, 4, 0.02)
    assert needed.prompts is not None
    # seeds of the same prompts tell little of other prompts
    assert needed.seeds is None
    # the same share of prompts and of their pairs differs
    prompts = 6 * round(1 + needed.prompts / 6)
    with_more = np.zeros((1, prompts, 4))
    with_more[0, ::6][np.arange(prompts // 6), np.arange(prompts // 6) % 4] = 0.2
    enough = crossed_means(with_more)
    reach = (enough.high() - enough.low() - np.abs(enough.lean))[0] / 2
    assert reach == pytest.approx(0.02, rel=0.2)


@pytest.mark.parametrize("prompts", [6, 12])
def test_differences_that_few_prompts_show_are_covered(prompts):
    design = Design("ceiling, confined to prompts", prompts, 4, kind="confined")
    values, truth = design.draw(np.random.default_rng(0), 1000, APART["confined"])
    means = crossed_means(values[:, 0] - values[:, 1], jump=1.0)
    true_difference = truth[:, 0] - truth[:, 1]
    covered = (means.low() <= true_difference) & (true_difference <= means.high())
    assert covered.mean() >= 0.93
