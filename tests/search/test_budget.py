from __future__ import annotations

import pytest

from dwlab.errors import InvalidInput
from dwlab.search.budget import Budget, Spent, Unit
from dwlab.search.problem import Draw


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("30min", 1800, Unit.SECONDS),
        ("90 s", 90, Unit.SECONDS),
        ("1.5h", 5400, Unit.SECONDS),
        ("2000 rows", 2000, Unit.ROWS),
        ("2,000 Rows", 2000, Unit.ROWS),
        ("500 pictures", 500, Unit.PICTURES),
    ],
)
def test_a_budget_is_a_number_and_a_unit(text, amount, unit):
    assert Budget.parse(text) == Budget(amount, unit)


@pytest.mark.parametrize("text", ["", "30", "rows", "-5 rows", "0 rows", "5 parsecs", 30, None])
def test_another_text_is_refused_with_what_is_allowed(text):
    with pytest.raises(InvalidInput, match="30min"):
        Budget.parse(text)


def test_the_first_draws_that_the_rest_pays_fit():
    draws = [Draw(0, 0), Draw(1, 0), Draw(0, 1)]
    prices = (10.0, 25.0)
    assert Budget.parse("40 rows").fitting(draws, prices, Spent()) == draws[:2]
    assert Budget.parse("2 pictures").fitting(draws, prices, Spent()) == draws[:2]
    assert Budget.parse("40 rows").fitting(draws, prices, Spent(rows=31)) == []


def test_a_time_is_measured_in_rows_at_the_rate_so_far():
    draws = [Draw(0, 0), Draw(0, 1), Draw(0, 2)]
    prices = (10.0, 10.0)
    budget = Budget.parse("60s")
    spent = Spent(pictures=2, rows=20, seconds=40)
    assert budget.fitting(draws, prices, spent) == draws[:1]
    assert budget.fitting(draws, prices, Spent(), seconds_per_row=3.0) == draws[:2]
    assert budget.fitting(draws, prices, Spent()) == draws
    assert budget.fitting(draws, prices, Spent(seconds=60)) == []


def test_a_budget_reads_as_it_was_written():
    assert str(Budget.parse("30min")) == "30 min"
    assert str(Budget.parse("2000 rows")) == "2,000 rows"
