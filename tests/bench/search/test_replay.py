from __future__ import annotations

from bench.search import made_up_tables

from dwlab.bench.search.replay import outcome, replay_of
from dwlab.searching.problem import Draw
from dwlab.searching.scores import Scores


def test_the_values_of_draws_are_those_of_the_table_in_any_order():
    table = made_up_tables.table(noise=0.1)
    replay = replay_of(table, seed=3, held_out=1)
    for at, instance in enumerate(replay.problem.every_instance):
        value = table.values[replay.order[2], int(instance.prompt), instance.seed]
        assert replay.make([Draw(2, at)]) == [value]


def test_held_out_seeds_are_not_searched_with():
    problem = replay_of(made_up_tables.table(), seed=3, held_out=1).problem
    assert {instance.seed for instance in problem.held_out} == {3}
    assert {instance.seed for instance in problem.instances} == {0, 1, 2}


def test_without_balance_a_round_may_lack_prompts():
    table = made_up_tables.table()

    def first_prompts(seed: int) -> int:
        problem = replay_of(table, seed, balanced=False).problem
        return len({instance.prompt for instance in problem.instances[:3]})

    assert min(first_prompts(seed) for seed in range(20)) < 3


def test_an_outcome_tells_right_from_good_and_wrong():
    table = made_up_tables.table()
    replay = replay_of(table, seed=3)
    scores = Scores(replay.problem)
    scores.is_made[:] = True

    def of(steps: int) -> tuple[bool, bool]:
        place = [setting["steps"] for setting in table.settings].index(steps)
        result = outcome(replay, replay.order.index(place), scores, is_shown=False)
        assert result.share == 1.0
        return result.is_right, result.is_within

    assert of(2) == (False, False)
    assert of(5) == (True, True)
    assert of(10) == (False, True)
    assert not outcome(replay, None, scores, is_shown=False).is_within
