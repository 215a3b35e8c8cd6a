from __future__ import annotations

import numpy as np
from searching import made_up

from dwlab.searching.doubt import others_by_doubt
from dwlab.searching.problem import Draw
from dwlab.searching.scores import Scores

CHOSEN = made_up.CHEAPEST_GOOD


def scores_of(pictures: list[int], noise: float = 0.01) -> Scores:
    """Scores with so many pictures of each setting."""
    scores = Scores(made_up.problem())
    make = made_up.maker(noise)
    for setting, count in enumerate(pictures):
        draws = [Draw(setting, instance) for instance in range(count)]
        for draw, value in zip(draws, make(draws), strict=True):
            scores.add(draw, value)
    return scores


def test_settings_with_enough_pictures_are_excluded():
    _, doubtful = others_by_doubt(scores_of([24] * 6), CHOSEN)
    assert doubtful == 0


def test_a_setting_without_pictures_may_always_be_better():
    others, doubtful = others_by_doubt(scores_of([24, 24, 24, 24, 24, 0]), CHOSEN)
    assert doubtful == 1
    assert others[0] == 5


def test_noise_leaves_doubt_and_those_with_the_most_pictures_come_first():
    others, doubtful = others_by_doubt(scores_of([2, 2, 2, 24, 24, 8], noise=0.3), CHOSEN)
    assert doubtful >= 3
    assert others[:2] == [4, 5]


def test_nothing_is_excluded_by_a_single_picture_of_each():
    _, doubtful = others_by_doubt(scores_of([1] * 6), CHOSEN)
    assert doubtful == 5


def test_it_is_rarely_wrong_though_the_choice_was_made_by_the_same_pictures():
    missed = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        scores = Scores(made_up.problem())
        truth = rng.normal(0, 0.05, 6)
        scores.is_made[:] = True
        scores.values[:] = truth[:, None] + rng.normal(0, 0.1, scores.values.shape)
        chosen = int(np.argmax(scores.values.mean(axis=1)))
        others, doubtful = others_by_doubt(scores, chosen)
        excluded = others[doubtful:]
        missed += any(truth[at] - truth[chosen] > scores.problem.margin for at in excluded)
    assert missed <= 10
