from __future__ import annotations

import pytest
from searching import made_up

from dwlab.errors import InvalidInput
from dwlab.searching.ladder import Ladder
from dwlab.searching.searching import Search


def test_it_stops_at_the_first_price_that_is_near_the_bound():
    search = Search(made_up.problem(bound=1.0), Ladder())
    verdict = search.run(made_up.maker(0.01))
    assert verdict.chosen == made_up.CHEAPEST_GOOD
    # dearer settings were never tried
    assert not search.scores.is_made[made_up.CHEAPEST_GOOD + 1 :].any()


def test_a_hopeless_setting_is_dropped_before_it_had_all_instances():
    search = Search(made_up.problem(bound=1.0), Ladder(fill=1))
    search.run(made_up.maker(0.01))
    assert search.scores.is_made[0].sum() == 2


def test_rounds_are_full():
    search = Search(made_up.problem(bound=1.0), Ladder(fill=8))
    assert len(search.next_round()) == 8


def test_where_nothing_is_near_the_bound_the_cheapest_near_the_best_is_chosen():
    means = (0.3, 0.3, 0.3, 0.6, 0.6, 0.6)
    verdict = Search(made_up.problem(bound=1.0), Ladder()).run(made_up.maker(0.0, means))
    assert verdict.chosen == 3


def test_it_climbs_towards_a_lower_bound_where_lower_is_better():
    losses = [1 - mean for mean in made_up.MEANS]
    problem = made_up.problem(bound=0.0, higher_is_better=False)
    verdict = Search(problem, Ladder()).run(made_up.maker(0.0, losses))
    assert verdict.chosen == made_up.CHEAPEST_GOOD


def test_a_metric_without_a_bound_is_refused():
    with pytest.raises(InvalidInput, match="no bound"):
        Search(made_up.problem(), Ladder()).next_round()
