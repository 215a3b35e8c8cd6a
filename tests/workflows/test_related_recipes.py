"""Recipes beside a recipe, and how two recipes differ."""

import pytest

from dwlab.errors import InvalidInput
from dwlab.spec.params import GenerationParams
from dwlab.workflows.related_recipes import differences, neighbours

PARAMS = GenerationParams("a red star", seed=1, steps=2, width=64, height=64)


def test_the_neighbours_along_the_seed_are_the_next_four():
    assert values_along("seed", PARAMS) == [2, 3, 4, 5]
    assert values_along("seed", PARAMS.replace(seed=2**63 - 1))[:2] == [0, 1]


def test_the_neighbours_along_guidance_and_steps_lie_below_and_above():
    assert values_along("guidance", PARAMS.replace(guidance=5)) == [3, 4, 6.25, 8]
    assert values_along("steps", PARAMS.replace(steps=20)) == [10, 15, 30, 40]


def test_neighbours_stay_within_the_limits_and_leave_out_the_recipe_itself():
    assert values_along("steps", PARAMS.replace(steps=1)) == [2]
    assert values_along("steps", PARAMS.replace(steps=800)) == [400, 600, 1000]


def test_the_neighbours_along_the_scheduler_are_four_other_schedulers():
    others = values_along("scheduler", PARAMS)
    assert len(set(others)) == 4
    assert PARAMS.scheduler not in others


def test_neighbours_along_the_prompt_are_refused():
    with pytest.raises(InvalidInput):
        neighbours(PARAMS, "prompt")


def values_along(name, params):
    return [getattr(neighbour, name) for neighbour in neighbours(params, name)]


def test_differences_name_each_parameter_that_changed():
    other = PARAMS.replace(steps=9, negative_prompt="blue")
    assert differences(PARAMS.as_dict(), other.as_dict()) == [
        ("steps", 2, 9),
        ("negative_prompt", None, "blue"),
    ]
