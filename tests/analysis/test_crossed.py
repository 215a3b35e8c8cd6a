"""Means over crossed prompts and seeds, against scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import mixedlm, ols
from statsmodels.stats.anova import anova_lm

from dwlab.analysis.crossed import crossed_means


def drawn(shape, *, prompt=1.0, seed=0.5, rest=0.7, number=0):
    """Differences with these standard deviations: (n, prompts, seeds)."""
    rng = np.random.default_rng(number)
    n, prompts, seeds = shape
    return (
        prompt * rng.standard_normal((n, prompts, 1))
        + seed * rng.standard_normal((n, 1, seeds))
        + rest * rng.standard_normal(shape)
    )


def long(differences):
    """One row per pair, as statsmodels takes them."""
    prompts, seeds = differences.shape
    frame = pd.DataFrame({"d": differences.reshape(-1)})
    frame["prompt"] = np.repeat(np.arange(prompts), seeds)
    frame["seed"] = np.tile(np.arange(seeds), prompts)
    return frame.dropna()


def test_without_missing_pairs_the_error_is_that_of_an_analysis_of_variance():
    differences = drawn((1, 8, 5))
    means = crossed_means(differences)
    squares = anova_lm(ols("d ~ C(prompt) + C(seed)", long(differences[0])).fit())
    prompt, seed, rest = (squares["sum_sq"] / squares["df"])[["C(prompt)", "C(seed)", "Residual"]]
    variance = (prompt + seed - rest) / 40
    degrees = (prompt + seed - rest) ** 2 / (prompt**2 / 7 + seed**2 / 4 + rest**2 / 28)
    assert means.precision.error[0] == pytest.approx(np.sqrt(variance))
    assert means.precision.degrees[0] == pytest.approx(degrees)


def test_the_variances_are_those_of_a_mixed_model():
    differences = drawn((1, 12, 10))
    frame = long(differences[0]).assign(all=1)
    parts = {"prompt": "0 + C(prompt)", "seed": "0 + C(seed)"}
    fit = mixedlm("d ~ 1", frame, groups="all", vc_formula=parts, re_formula="0").fit()
    components = crossed_means(differences).spread.components
    assert components.prompt[0] == pytest.approx(fit.vcomp[0], rel=0.01)
    assert components.seed[0] == pytest.approx(fit.vcomp[1], rel=0.01)
    assert components.rest[0] == pytest.approx(fit.scale, rel=0.01)
    assert crossed_means(differences).precision.error[0] == pytest.approx(
        fit.bse["Intercept"], rel=0.01
    )


def test_with_missing_pairs_the_variances_are_right_on_average():
    rng = np.random.default_rng(1)
    differences = drawn((4000, 8, 6))
    differences[rng.random(differences.shape) < 0.3] = np.nan
    components = crossed_means(differences).spread.components
    assert components.prompt.mean() == pytest.approx(1.0, abs=0.05)
    assert components.seed.mean() == pytest.approx(0.25, abs=0.02)
    assert components.rest.mean() == pytest.approx(0.49, abs=0.01)


@pytest.mark.parametrize("axis", [1, 2])
def test_one_seed_or_one_prompt_gives_a_t_test(axis):
    # symmetric about its mean, so that no skewness widens the interval
    sample = np.array([-1.2, -0.3, 0.1, 0.5, 1.4]) + 0.7
    means = crossed_means(np.expand_dims(sample, (0, 3 - axis)))
    expected = stats.ttest_1samp(sample, 0.0)
    interval = expected.confidence_interval(0.95)
    assert means.p_zero()[0] == pytest.approx(expected.pvalue)
    assert (means.low()[0], means.high()[0]) == pytest.approx((interval.low, interval.high))


def test_these_prompts_alone_are_known_better_than_prompts_like_these():
    differences = drawn((200, 6, 4))
    sampled = crossed_means(differences)
    fixed = crossed_means(differences, prompts_vary=False)
    assert fixed.mean == pytest.approx(sampled.mean)
    assert np.median(fixed.precision.error) < 0.8 * np.median(sampled.precision.error)


def test_one_seed_says_nothing_of_how_these_prompts_alone_vary():
    means = crossed_means(drawn((1, 6, 1)), prompts_vary=False)
    assert (means.low()[0], means.high()[0]) == (-np.inf, np.inf)
    assert means.p_zero()[0] == 1.0


def test_a_single_pair_has_no_interval():
    means = crossed_means(np.array([[[0.3]]]))
    assert means.mean[0] == 0.3
    assert (means.low()[0], means.high()[0]) == (-np.inf, np.inf)


def test_pairs_that_are_all_tied_may_differ_elsewhere():
    tied = np.zeros((1, 6, 4))
    assert crossed_means(tied).high()[0] == 0.0  # nothing tells how large a difference could be
    with_jump = crossed_means(tied, jump=0.2).high()[0]
    more_pairs = crossed_means(np.zeros((1, 6, 40)), jump=0.2).high()[0]
    assert 0 < more_pairs < with_jump < 0.2


def test_pairs_that_all_differ_by_the_same_may_not_do_so_elsewhere():
    means = crossed_means(np.full((1, 2, 2), 1.0), jump=1.0)
    assert means.low()[0] < 0.5
    assert means.p_zero()[0] > 0.01


def test_continuous_differences_are_not_widened_by_ties():
    differences = drawn((1, 6, 4))
    wide = crossed_means(differences, jump=100.0)
    assert wide.precision.error == crossed_means(differences).precision.error


def test_a_long_tail_stretches_the_interval_to_its_side():
    differences = np.full((1, 8, 1), -0.1)
    differences[0, 0] = 2.0
    means = crossed_means(differences)
    above, below = means.high() - means.mean, means.mean - means.low()
    assert above[0] > below[0] * 1.3


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_p_is_under_5_percent_exactly_if_the_interval_leaves_0_out(missing):
    rng = np.random.default_rng(3)
    differences = drawn((500, 5, 3)) + 1.0
    differences[rng.random(differences.shape) < missing] = np.nan
    means = crossed_means(differences)
    apart = (means.low() > 0) | (means.high() < 0)
    assert 50 < apart.sum() < 450
    assert np.array_equal(means.p_zero() < 0.05, apart)
