from __future__ import annotations

import random

import pytest
from searching import made_up

from dwlab.errors import InvalidInput
from dwlab.searching.problem import Instance, Problem, spread


def test_each_round_over_the_prompts_has_all_of_them_with_different_seeds():
    instances = spread(["a", "b", "c"], [0, 1, 2, 3])
    assert len(set(instances)) == 12
    first = instances[:3]
    assert {instance.prompt for instance in first} == {"a", "b", "c"}
    assert len({instance.seed for instance in first}) == 3


def test_a_shuffled_order_is_as_even():
    instances = spread(["a", "b", "c"], [0, 1], random.Random(5))
    assert len(set(instances)) == 6
    assert {instance.prompt for instance in instances[:3]} == {"a", "b", "c"}


def test_tiers_are_settings_of_one_price():
    assert made_up.problem().tiers() == [[0], [1, 2], [3], [4], [5]]


def test_held_out_instances_are_counted_on():
    problem = made_up.problem(seeds=2, held_out=1)
    assert list(problem.search_columns) == list(range(8))
    assert list(problem.held_out_columns) == [8, 9, 10, 11]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"prices": (1.0,)}, "settings"),
        ({"prices": (1.0, 0.0)}, "price"),
        ({"prices": (1.0, float("nan"))}, "price"),
        ({"instances": ()}, "instances"),
        ({"held_out": (Instance("a", 0),)}, "instances"),
        ({"margin": 0.0}, "margin"),
        ({"target": "all"}, "target"),
    ],
)
def test_a_problem_that_cannot_be_searched_names_its_field(options, field):
    good = {"prices": (1.0, 2.0), "instances": (Instance("a", 0),)}
    with pytest.raises(InvalidInput) as error:
        Problem(**{**good, **options})
    assert error.value.field == field
