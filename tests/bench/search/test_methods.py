from __future__ import annotations

import pytest
from bench.search import made_up_tables

from dwlab.bench.search.methods import ADHERENCE, CLAIMING, compared

METHODS = {method.name: method for method in [*compared(ADHERENCE), *compared("sharpness")]}


@pytest.mark.parametrize("name", METHODS)
def test_each_method_finds_a_good_setting_of_a_small_table(name):
    outcome = METHODS[name].search(made_up_tables.table(), seed=1)
    assert outcome.is_within
    # Optuna prunes by the mean alone, whatever a setting costs
    assert outcome.is_right or name == "Optuna successive halving"
    assert 0 < outcome.share <= 1


@pytest.mark.parametrize("method", CLAIMING, ids=lambda method: method.name)
def test_what_is_clear_is_shown(method):
    table = made_up_tables.table(noise=0.01, seeds=24)
    assert method.search(table, seed=1, held_out=20).is_shown


def test_the_same_seed_is_the_same_search():
    table = made_up_tables.table(noise=0.2)
    method = METHODS["Optuna TPE, 16 settings"]
    assert method.search(table, 5) == method.search(table, 5)
