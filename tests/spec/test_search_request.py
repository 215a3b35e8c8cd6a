"""A budget and a search in an experiment's words, and what is refused."""

from __future__ import annotations

import pytest

from dwlab.errors import InvalidInput
from dwlab.spec.budget import Budget, Unit
from dwlab.spec.search_request import SearchRequest
from dwlab.spec.sweep import SweepSpec

AXES = {"seed": {"range": [0, 4]}, "steps": [2, 5], "guidance": [1, 3]}
SPAN = {"from": 1, "to": 12.0}
OPTUNA = {"search": {"method": "optuna"}, "budget": "200 pictures"}


def spec(**values):
    return SweepSpec.from_dict({"name": "s", "base": {"prompt": "a star"}, "axes": AXES, **values})


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("30min", 1800, Unit.SECONDS),
        ("1.5 h", 5400, Unit.SECONDS),
        ("90 seconds", 90, Unit.SECONDS),
        ("2000rows", 2000, Unit.ROWS),
        ("2,000 rows", 2000, Unit.ROWS),
        ("500 pictures", 500, Unit.PICTURES),
        ("1 picture", 1, Unit.PICTURES),
    ],
)
def test_a_budget_is_an_amount_with_its_unit(text, amount, unit):
    assert Budget.parse(text) == Budget(amount, unit)


@pytest.mark.parametrize(
    "value",
    ["30 bananas", "0 rows", 0, 200, "rows", "-3 rows", "2.5 rows", "", [], True, "9e9 rows"],
)
def test_another_budget_is_refused_with_what_is_allowed(value):
    with pytest.raises(InvalidInput, match=r"budget is .*2000 rows"):
        spec(budget=value)


@pytest.mark.parametrize(
    ("text", "words"), [("30min", "30 min"), ("2000 rows", "2,000 denoiser rows")]
)
def test_a_budget_reads_as_it_was_meant(text, words):
    assert str(Budget.parse(text)) == words


def test_a_sweep_without_budget_and_search_computes_all():
    assert spec().request is None and spec().most is None
    assert "search" not in spec().as_dict() and "budget" not in spec().as_dict()


def test_a_budget_alone_is_a_search():
    assert spec(budget="500 pictures").request == SearchRequest()


def test_a_search_is_read_back_as_it_was_written():
    values = {"budget": "2000 rows", "search": {"method": "ladder", "margin": 0.05}}
    stored = spec(**values).as_dict()
    assert stored["search"] == values["search"] and stored["budget"] == "2000 rows"
    assert SweepSpec.from_dict(stored).request == SearchRequest("ladder", 0.05)


@pytest.mark.parametrize(
    ("search", "field"),
    [
        ("best", "search"),
        (3, "search"),
        ({"method": "irace"}, "search.method"),
        ({"method": "ladder", "batch": 3}, "search.batch"),
        ({"margin": 0}, "search.margin"),
        ({"margin": "small"}, "search.margin"),
        ({"seed": -1}, "search.seed"),
        ({"target": "all prompts"}, "search.target"),
        ({"method": "optuna", "objectives": ["rows"]}, "search.objectives"),
        ({"method": "optuna", "objectives": ["speed"]}, "search.objectives"),
        ({"method": "optuna", "objectives": ["quality", "votes"]}, "search.objectives"),
        ({"method": "optuna", "sampler": "cmaes"}, "search.sampler"),
        ({"method": "optuna", "trials": 10}, "search.trials"),
        ({"method": "optuna", "pictures": 0}, "search.pictures"),
    ],
)
def test_another_search_is_refused_by_its_option(search, field):
    with pytest.raises(InvalidInput) as caught:
        spec(search=search, budget="200 pictures")
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"axes": {"steps": [2, 5]}}, "axes.seed"),
        ({"axes": {"steps": [2, 5], "seed": [1]}}, "axes.seed"),
        ({"axes": {"seed": [1, 2]}}, "axes"),
        ({"axes": {**AXES, "prompt": ["a", "b"]}, "zip": [["prompt", "steps"]]}, "zip"),
        ({"axes": {**AXES, "prompt": list("abcd")}, "zip": [["prompt", "seed"]]}, "zip"),
        ({"skip": [{"seed": 1, "steps": 2}]}, "skip[0]"),
        ({"skip": [{"seed": 1}]}, "skip[0].seed"),
        ({"axes": {**AXES, "guidance": SPAN}}, "axes.guidance"),
    ],
)
def test_axes_that_a_search_cannot_choose_from_are_refused(values, field):
    with pytest.raises(InvalidInput) as caught:
        spec(search="auto", **values)
    assert caught.value.field == field


def test_a_continuous_axis_stands_for_its_ends_and_needs_optuna():
    axes = {**AXES, "guidance": SPAN, "steps": {"from": 2, "to": 30, "log": True}}
    searched = spec(axes=axes, **OPTUNA)
    assert searched.values["guidance"] == (1, 12) and searched.values["steps"] == (2, 30)
    assert len(searched.cells()) == 16
    assert searched.spans["steps"].whole and searched.spans["steps"].log
    with pytest.raises(InvalidInput, match="optuna"):
        spec(axes=axes)
    with pytest.raises(InvalidInput, match="budget"):
        spec(axes=axes, search="optuna")


@pytest.mark.parametrize(
    ("name", "description", "field"),
    [
        ("guidance", {"from": 12, "to": 1}, "axes.guidance.to"),
        ("guidance", {"from": 0, "to": 1, "log": True}, "axes.guidance.from"),
        ("guidance", {"from": 1, "to": 9, "step": 20}, "axes.guidance.step"),
        ("guidance", {"from": 1, "to": 9, "size": 20}, "axes.guidance.size"),
        ("guidance", {"from": "one", "to": 9}, "axes.guidance.from"),
        ("steps", {"from": 2, "to": 30.5}, "axes.steps"),
        ("seed", {"from": 1, "to": 9}, "axes.seed"),
    ],
)
def test_a_wrong_continuous_axis_is_refused_by_its_word(name, description, field):
    with pytest.raises(InvalidInput) as caught:
        spec(axes={**AXES, name: description}, **OPTUNA)
    assert caught.value.field == field


def test_overrides_change_and_remove_the_search():
    searched = spec(search="ladder", budget="2000 rows")
    assert searched.override({"budget": "500 pictures"}).most == Budget(500, Unit.PICTURES)
    assert searched.override({"search": None, "budget": None}).request is None
    assert searched.override({"steps": [2, 5, 9]}).request == SearchRequest("ladder")


def test_the_grid_of_a_search_has_all_cells_and_given_values_of_continuous_axes():
    searched = spec(axes={**AXES, "guidance": SPAN}, **OPTUNA)
    assert len(searched.as_grid().cells()) == 16
    assert len(searched.as_grid({"guidance": [2.5]}).cells()) == 8
    assert searched.with_one_seed().count() == 4


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"search": {"margin": 10**400}}, "search.margin"),
        (OPTUNA | {"axes": AXES | {"guidance": {"from": 1, "to": 10**400}}}, "axes.guidance.to"),
    ],
)
def test_a_number_too_large_for_a_float_is_refused(values, field):
    with pytest.raises(InvalidInput) as error:
        spec(**values)
    assert error.value.field == field
