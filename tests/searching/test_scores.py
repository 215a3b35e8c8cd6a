from __future__ import annotations

import numpy as np
import pytest
from searching import made_up

from dwlab.searching.problem import Draw
from dwlab.searching.scores import Scores


def test_a_failed_picture_is_not_asked_for_again():
    scores = Scores(made_up.problem(seeds=1))
    scores.add(Draw(0, 0), None)
    assert scores.missing([0, 1], [0]) == [Draw(1, 0)]
    assert scores.pictures == 1
    assert scores.rows == 2


def test_draws_come_instance_by_instance():
    scores = Scores(made_up.problem(seeds=1))
    assert scores.missing([2, 1], [0, 1]) == [Draw(1, 0), Draw(2, 0), Draw(1, 1), Draw(2, 1)]


def test_where_lower_is_better_values_are_turned_round():
    scores = Scores(made_up.problem(seeds=1, higher_is_better=False))
    scores.add(Draw(0, 0), 0.25)
    assert scores.values[0, 0] == -0.25


def test_means_are_those_as_if_no_picture_lacked():
    scores = Scores(made_up.problem(seeds=1))
    scores.add(Draw(0, 0), 0.2)
    scores.add(Draw(0, 1), 1.0)
    scores.add(Draw(1, 1), 0.5)
    means = scores.means([0, 1, 2], [0, 1])
    # the second setting is half behind on the harder instance, too
    assert means == pytest.approx([0.6, 0.1, -np.inf])


def test_the_standard_error_leaves_out_settings_and_instances():
    scores = Scores(made_up.problem(seeds=2))
    for setting in range(6):
        for instance in range(8):
            scores.add(Draw(setting, instance), setting + 10 * instance)
    assert scores.standard_error(range(6), range(8)) == pytest.approx(0.0)
    scores.values += np.random.default_rng(0).normal(0, 0.3, scores.values.shape)
    assert scores.standard_error(range(6), range(8)) == pytest.approx(0.15, rel=0.3)


def test_instances_become_a_grid_of_prompts_and_seeds():
    scores = Scores(made_up.problem(seeds=2))
    grid = scores.crossed(np.arange(8.0)[None], range(8))
    assert grid.shape == (1, 4, 2)
    # the second instance has the second prompt and the second seed
    assert grid[0, 1].tolist() == [5.0, 1.0]
