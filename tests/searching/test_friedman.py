from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import friedmanchisquare

from dwlab.searching.friedman import chances_of_worse, holm


def test_settings_that_do_not_differ_are_not_told_apart():
    values = np.random.default_rng(1).normal(size=(5, 12))
    assert friedmanchisquare(*values).pvalue > 0.05
    assert chances_of_worse(values, 0, 0.05).tolist() == [1.0] * 5


def test_those_that_are_always_worse_are():
    values = np.random.default_rng(1).normal(size=(4, 12))
    values[3] -= 5
    chances = chances_of_worse(values, 0, 0.05)
    assert chances[3] < 0.001
    assert chances[0] == 1.0


def test_friedmans_test_is_the_one_of_scipy_with_ties_too():
    rng = np.random.default_rng(2)
    for _ in range(30):
        values = rng.integers(0, 3, (4, 9)).astype(float)
        values[3] -= 0.4
        level = friedmanchisquare(*values).pvalue
        assert (chances_of_worse(values, 0, level * 1.001) < 1).any()
        assert (chances_of_worse(values, 0, level * 0.999) == 1).all()


def test_conovers_comparison_on_the_example_of_his_book():
    # twelve homeowners rank four grasses (Conover 1999, 5.8, example 1): T2 = 3.19, and two rank
    # sums differ at 5% if they are 11.49 or more apart
    ranks = np.array(
        [
            [4, 3, 2, 1],
            [4, 2, 3, 1],
            [3, 1.5, 1.5, 4],
            [3, 1, 2, 4],
            [4, 2, 1, 3],
            [2, 2, 2, 4],
            [1, 3, 2, 4],
            [2, 4, 1, 3],
            [3.5, 1, 2, 3.5],
            [4, 1, 3, 2],
            [4, 2, 3, 1],
            [3.5, 1, 2, 3.5],
        ]
    ).T
    assert ranks.sum(axis=1).tolist() == [38, 23.5, 24.5, 34]
    chances = chances_of_worse(-ranks, 1, 0.05)
    assert chances[0] < 0.025
    assert 0.025 < chances[3] < 0.05


def test_equal_values_are_not_worse():
    assert chances_of_worse(np.ones((3, 5)), 0, 0.05).tolist() == [1.0] * 3


@pytest.mark.parametrize(
    ("chances", "significant"),
    [
        ([0.01, 0.04, 0.03], [True, False, False]),
        ([0.01, 0.04, 0.02], [True, True, True]),
        ([0.06, 0.001], [False, True]),
        ([], []),
    ],
)
def test_holm_corrects_for_the_number_of_tests(chances, significant):
    assert holm(np.array(chances), 0.05).tolist() == significant
