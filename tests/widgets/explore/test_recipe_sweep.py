"""Sweeps around one recipe, from values as typed."""

import pytest

import dwlab
from dwlab.errors import InvalidInput
from dwlab.widgets.explore.history_sweep import sweep_form_of
from dwlab.widgets.explore.recipe_sweep import sweep_around


def test_a_sweep_over_schedulers_drops_the_options_of_the_recipes_own(bench):
    bench.controls = {**bench.controls, "scheduler": "DPM++ 2M Karras", "negative_prompt": "{blue}"}
    cells = sweep_around(bench.params, "trial", {"scheduler": "DDIM, Euler"}).cells()
    assert [dict(cell.params.scheduler_options) for cell in cells] == [{}, {}]
    assert {cell.params.negative_prompt for cell in cells} == {"{blue}"}


def test_a_negative_prompt_with_commas_is_one_value(bench):
    lines = 'blurry, dark | (bad hands:1.4), {x}\n\n  [a, b]: #1  \n""'
    cells = sweep_around(bench.params, "trial", {"negative_prompt": lines}).cells()
    negatives = ["blurry, dark | (bad hands:1.4), {x}", "[a, b]: #1", ""]
    assert [cell.params.negative_prompt for cell in cells] == negatives
    for axis in ("negative_prompt", "steps"):
        with pytest.raises(InvalidInput) as error:
            sweep_around(bench.params, "trial", {axis: "  "})
        assert error.value.field == axis
    assert sweep_around(bench.params, "trial", {"steps": "[1, 2]"}).axes == {"steps": [1, 2]}


def test_pictures_with_and_without_accelerators_make_a_sweep_over_them():
    plain = dwlab.GenerationParams("a star")
    recipes = [plain, plain.replace(accelerate={"deep_cache": {"every": 3, "branch": 1}})]
    form = sweep_form_of([recipe.as_dict() for recipe in recipes])
    sweep = sweep_around(plain, "fast", form.axes)
    assert [dict(cell.params.accelerate) for cell in sweep.cells()] == [
        {},
        {"deep_cache": {"every": 3, "branch": 1}},
    ]
