from __future__ import annotations

from itertools import pairwise

import pytest
from searching import made_up

from dwlab.searching.halving import Halving
from dwlab.searching.problem import Draw
from dwlab.searching.scores import Scores
from dwlab.searching.searching import Search
from dwlab.spec.budget import Budget


def test_it_finds_the_cheapest_good_setting_without_a_bound():
    search = Search(made_up.problem(), Halving(fill=1))
    verdict = search.run(made_up.maker(0.01))
    assert verdict.chosen == made_up.CHEAPEST_GOOD


def test_an_instance_costs_less_from_round_to_round():
    # each of the six four times, so that no setting is half of the price
    prices = made_up.PRICES * 4
    means = made_up.MEANS * 4
    search = Search(made_up.problem(prices=prices), Halving(fill=1))
    costs = []
    while draws := search.next_round():
        search.tell(draws, made_up.maker(0.01, means)(draws))
        settings = {draw.setting for draw in draws}
        costs.append(sum(prices[setting] for setting in settings))
    assert costs[0] == sum(prices)
    for before, after in pairwise(costs[:3]):
        assert after <= before / 1.7
    assert search.scores.rows < 0.25 * 24 * sum(prices)


def test_the_first_round_has_all_settings():
    problem = made_up.problem()
    first = Search(problem, Halving(fill=1)).next_round()
    assert first == [Draw(setting, 0) for setting in problem.settings]


def test_rounds_are_full():
    assert len(Search(made_up.problem(), Halving(fill=16)).next_round()) >= 16


def test_a_setting_that_always_fails_is_not_chosen_and_does_not_stop_the_others():
    make = made_up.failing(made_up.CHEAPEST_GOOD, 0.01)
    assert Search(made_up.problem(), Halving(fill=1)).run(make).chosen == 4


def test_when_all_pictures_fail_nothing_is_chosen():
    search = Search(made_up.problem(held_out=1), Halving(fill=1))
    verdict = search.run(made_up.failing(None, 0.0))
    assert verdict.chosen is None
    assert verdict.pictures == 6


@pytest.mark.parametrize("rows", [30, 100, 200])
def test_when_the_budget_ends_in_a_round_it_chooses_from_those_that_were_finished(rows):
    search = Search(made_up.problem(), Halving(fill=1), Budget.parse(f"{rows} rows"))
    verdict = search.run(made_up.maker(0.01))
    assert verdict.rows <= rows
    assert verdict.chosen is not None


def test_nothing_is_chosen_of_nothing():
    assert Halving().choice(Scores(made_up.problem())) is None
