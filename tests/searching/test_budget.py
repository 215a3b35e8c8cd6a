from __future__ import annotations

from dwlab.searching.budget import Budget, Spent, fitting
from dwlab.searching.problem import Draw


def test_the_first_draws_that_the_rest_pays_fit():
    draws = [Draw(0, 0), Draw(1, 0), Draw(0, 1)]
    prices = (10.0, 25.0)
    assert fitting(Budget.parse("40 rows"), draws, prices, Spent()) == draws[:2]
    assert fitting(Budget.parse("2 pictures"), draws, prices, Spent()) == draws[:2]
    assert fitting(Budget.parse("40 rows"), draws, prices, Spent(rows=31)) == []


def test_a_time_is_measured_in_rows_at_the_rate_so_far():
    draws = [Draw(0, 0), Draw(0, 1), Draw(0, 2)]
    prices = (10.0, 10.0)
    budget = Budget.parse("60s")
    spent = Spent(pictures=2, rows=20, seconds=40)
    assert fitting(budget, draws, prices, spent) == draws[:1]
    assert fitting(budget, draws, prices, Spent(), seconds_per_row=3.0) == draws[:2]
    assert fitting(budget, draws, prices, Spent()) == draws
    assert fitting(budget, draws, prices, Spent(seconds=60)) == []


def test_pictures_that_others_made_are_free():
    draws = [Draw(0, 0), Draw(1, 0), Draw(0, 1)]
    budget = Budget.parse("20 rows")
    free = frozenset({Draw(1, 0)})
    assert fitting(budget, draws, (10.0, 25.0), Spent(), free=free) == draws
    assert fitting(budget, draws, (10.0, 25.0), Spent(rows=20)) == []
