from __future__ import annotations

from searching import made_up

from dwlab.searching.random_search import RandomSearch
from dwlab.searching.searching import Search
from dwlab.spec.budget import Budget


def test_it_tries_so_many_settings_on_all_instances():
    search = Search(made_up.problem(), RandomSearch(settings=2))
    search.run(made_up.maker(0.01))
    assert sorted(search.scores.is_made.sum(axis=1).tolist()) == [0, 0, 0, 0, 24, 24]


def test_another_seed_is_another_order():
    def tried(seed: int) -> list[int]:
        search = Search(made_up.problem(), RandomSearch(settings=1, seed=seed))
        return [draw.setting for draw in search.next_round()]

    assert tried(0) == tried(0)
    assert len({tuple(tried(seed)) for seed in range(9)}) > 1


def test_all_settings_give_the_cheapest_good_one():
    verdict = Search(made_up.problem(), RandomSearch()).run(made_up.maker(0.01))
    assert verdict.chosen == made_up.CHEAPEST_GOOD


def test_a_budget_ends_it():
    search = Search(made_up.problem(), RandomSearch(), Budget.parse("20 pictures"))
    assert search.run(made_up.maker(0.01)).pictures == 20
