from __future__ import annotations

from searching import made_up

from dwlab.searching.claim import claim_round
from dwlab.searching.halving import Halving
from dwlab.searching.ladder import Ladder
from dwlab.searching.racing import Racing
from dwlab.searching.searching import Search


def test_without_a_bound_rivals_are_compared_on_held_out_seeds():
    search = Search(made_up.problem(held_out=20), Racing(fill=1))
    verdict = search.run(made_up.maker(0.01))
    held_out = search.scores.is_made[:, list(search.problem.held_out_columns)]
    assert 2 <= held_out.all(axis=1).sum() <= 4
    assert verdict.is_shown
    assert not verdict.against_bound


def test_what_dropped_out_early_is_not_excluded():
    search = Search(made_up.problem(held_out=20), Halving(fill=1))
    verdict = search.run(made_up.maker(0.2))
    assert verdict.unsettled > 0
    assert not verdict.is_shown
    text = verdict.sentence("steps 5", "sharpness")
    assert "cannot be told from these prompts and seeds" in text
    assert "dropped out on too few pictures" in text


def test_where_only_the_bound_could_show_more_rivals_cost_nothing():
    problem = made_up.problem(held_out=1, bound=1.0)
    search = Search(problem, Ladder())
    search.run(made_up.maker(0.01, [0.98] * 6))
    held_out = search.scores.is_made[:, list(problem.held_out_columns)]
    assert held_out.any(axis=1).sum() == 1


def test_a_choice_that_fails_on_held_out_seeds_is_refuted():
    problem = made_up.problem(held_out=20)
    search = Search(problem, Racing(fill=1))
    make = made_up.maker(0.01)
    worse = made_up.maker(0.01, [0.3] * 3 + [0.4] + [0.9] * 2)
    while draws := search.next_round():
        of_claim = draws[0].instance in problem.held_out_columns
        search.tell(draws, worse(draws) if of_claim else make(draws))
    verdict = search.verdict()
    assert verdict.chosen == made_up.CHEAPEST_GOOD
    assert verdict.is_refuted
    assert not verdict.is_shown
    assert "beyond the margin on held-out seeds" in verdict.sentence("steps 5", "sharpness")


def test_nothing_is_claimed_for_nothing():
    search = Search(made_up.problem(held_out=2), Halving())
    assert claim_round(search.scores, None) == []
