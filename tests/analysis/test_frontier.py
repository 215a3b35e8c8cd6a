"""The frontier has the settings that no cheaper one equals."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_sweeps import table_of

from dwlab.analysis.frontier import frontier
from dwlab.analysis.ranking import best

SCHEDULERS = ["DDIMScheduler", "EulerDiscreteScheduler", "HeunDiscreteScheduler"]
AXES = {"scheduler": SCHEDULERS, "steps": [2, 5, 20]}


def ranked(means, axes=AXES, metric="adherence"):
    values = np.asarray(means)[..., None, None] + np.zeros((4, 3))
    return best(table_of(values, axes, metric), metric)


def test_each_setting_on_the_frontier_is_better_than_all_that_cost_less():
    means = [[0.5, 0.8, 0.9], [0.6, 0.7, 0.9], [0.55, 0.95, 0.94]]
    settings = frontier(ranked(means))
    assert [each.ties for each in settings] == [
        "scheduler Euler, steps 2",
        "scheduler DDIM, steps 5",
        "scheduler Heun, steps 5",
    ]
    assert [each.rows for each in settings] == [4, 10, 18]


def test_equal_settings_of_one_price_stand_there_once_with_their_ties():
    means = [[0.5, 0.8, 0.9], [0.5, 0.8, 0.9], [0.1, 0.1, 0.1]]
    settings = frontier(ranked(means))
    assert [each.ties for each in settings] == [
        "scheduler DDIM or Euler, steps 2",
        "scheduler DDIM or Euler, steps 5",
        "scheduler DDIM or Euler, steps 20",
    ]


def test_a_metric_of_which_less_is_better_is_ranked_from_the_lowest():
    ranking = ranked([0.5, 0.2, 0.1], {"steps": [2, 5, 20]}, "blank")
    assert [each.setting for each in ranking.standings] == ["steps 20", "steps 5", "steps 2"]
    assert [each.mean for each in ranking.standings] == pytest.approx([0.1, 0.2, 0.5])
    assert [each.setting for each in frontier(ranking)] == ["steps 2", "steps 5", "steps 20"]


def test_a_setting_without_pairs_with_the_best_is_not_called_as_good_as_it():
    means = np.array([0.5, 0.8, 0.9])
    values = means[:, None, None] + np.zeros((4, 3))
    values[1, :2] = np.nan
    values[2, 2:] = np.nan
    ranking = best(table_of(values, {"steps": [2, 5, 20]}), "adherence")
    apart = next(each for each in ranking.standings if each.setting == "steps 5")
    assert np.isnan(apart.behind)
    assert np.isinf(apart.high)
    assert apart.verdict == "open"
    assert [each.setting for each in frontier(ranking)] == ["steps 2", "steps 20"]
