from __future__ import annotations

from searching import made_up

from dwlab.searching.racing import Racing
from dwlab.searching.searching import Search


def test_it_finds_the_cheapest_good_setting_without_a_bound():
    search = Search(made_up.problem(), Racing(fill=1))
    verdict = search.run(made_up.maker(0.02))
    assert verdict.chosen == made_up.CHEAPEST_GOOD


def test_worse_settings_and_dearer_ones_that_are_no_better_are_dropped():
    search = Search(made_up.problem(), Racing(fill=1))
    search.run(made_up.maker(0.02))
    pictures = search.scores.is_made.sum(axis=1)
    assert pictures[0] < 24
    assert pictures[5] < 24


def test_settings_that_cannot_be_told_apart_stay_to_the_end():
    search = Search(made_up.problem(), Racing(fill=1))
    search.run(made_up.maker(0.5, [0.0] * 6))
    assert search.scores.is_made.sum(axis=1).tolist().count(24) >= 4


def test_equal_pictures_do_not_stop_it():
    verdict = Search(made_up.problem(), Racing()).run(made_up.maker(0.0, [0.5] * 6))
    assert verdict.chosen == 0


def test_a_setting_that_always_fails_does_not_keep_the_others_in_the_race():
    search = Search(made_up.problem(), Racing(fill=1))
    verdict = search.run(made_up.failing(made_up.CHEAPEST_GOOD, 0.02))
    assert verdict.chosen == 4
    pictures = search.scores.is_made.sum(axis=1)
    assert pictures[made_up.CHEAPEST_GOOD] == 3
    assert pictures[0] < 24
