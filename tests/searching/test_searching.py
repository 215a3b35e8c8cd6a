from __future__ import annotations

import math

import pytest
from searching import made_up

from dwlab.searching.ladder import Ladder
from dwlab.searching.scores import Scores
from dwlab.searching.searching import Search
from dwlab.spec.budget import Budget


def test_a_claim_is_made_on_held_out_seeds():
    problem = made_up.problem(held_out=20, bound=1.0)
    search = Search(problem, Ladder())
    verdict = search.run(made_up.maker(0.01))
    assert verdict.is_shown
    assert verdict.is_held_out
    assert verdict.against_bound
    held_out = search.scores.is_made[:, list(problem.held_out_columns)]
    assert held_out[made_up.CHEAPEST_GOOD].all()
    assert held_out.sum() == len(problem.held_out)
    assert verdict.pictures == search.scores.is_made.sum()
    assert verdict.rows == search.scores.rows


def test_without_held_out_seeds_nothing_is_shown():
    verdict = Search(made_up.problem(seeds=20, bound=1.0), Ladder()).run(made_up.maker(0.01))
    assert verdict.chosen == made_up.CHEAPEST_GOOD
    assert not verdict.is_shown
    text = verdict.sentence("steps 5", "adherence")
    assert "cannot be told from these prompts and seeds" in text


def test_a_budget_that_ends_first_is_named_as_the_reason():
    budget = Budget.parse("150 rows")
    search = Search(made_up.problem(held_out=4, bound=1.0), Ladder(), budget)
    verdict = search.run(made_up.maker(0.01))
    assert verdict.is_cut_short
    assert "cannot be told within this budget" in verdict.sentence("steps 5", "adherence")


def test_few_held_out_seeds_leave_it_open_and_say_how_many_more():
    problem = made_up.problem(held_out=2, bound=1.0)
    verdict = Search(problem, Ladder(enough=12)).run(made_up.maker(0.05))
    assert not verdict.is_shown
    assert verdict.more is not None
    assert "more" in verdict.sentence("steps 5", "adherence")


def test_a_budget_is_never_passed():
    budget = Budget.parse("150 rows")
    search = Search(made_up.problem(held_out=4, bound=1.0), Ladder(), budget)
    verdict = search.run(made_up.maker(0.01))
    assert verdict.rows <= 150


def test_with_a_budget_for_nothing_nothing_is_chosen():
    search = Search(made_up.problem(bound=1.0), Ladder(), Budget.parse("1 rows"))
    verdict = search.run(made_up.maker(0.01))
    assert verdict.chosen is None
    assert math.isnan(verdict.behind)
    assert "nothing can be told" in verdict.sentence("", "adherence")


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_a_search_that_is_stopped_goes_on_as_if_it_had_not_been(stop_after):
    problem = made_up.problem(held_out=2, bound=1.0)
    make = made_up.maker(0.02)
    whole = Search(problem, Ladder()).run(make)
    stopped = Search(problem, Ladder())
    for _ in range(stop_after):
        draws = stopped.next_round()
        stopped.tell(draws, make(draws))
    scores = Scores(problem)
    scores.values[:] = stopped.scores.values
    scores.is_made[:] = stopped.scores.is_made
    assert Search(problem, Ladder(), scores=scores).run(make) == whole
