"""The form of the sweep panel: what it makes of edits, and where errors are shown."""

from __future__ import annotations

import pytest
from widgets.sweep.form_use import complaint, enter, fill

from dwlab.errors import InvalidInput
from dwlab.runs.sweep import Sweep
from dwlab.widgets.sweep.form import SweepForm


@pytest.fixture
def form():
    """The form with a sweep that has an axis of each kind."""
    form = SweepForm()
    form.load(
        Sweep(
            "trial",
            base={"prompt": "a {colour} ring", "width": 64, "call": {"eta": 0.5}},
            axes={
                "colour": ["red", "1e3"],
                "steps": [2, 4],
                "guidance": {"linspace": [1, 3, 2]},
                "seed": {"range": [2]},
            },
            zip=[["steps", "guidance"]],
        )
    )
    return form


def test_a_form_without_edits_returns_the_same_sweep(form):
    assert form.read().as_dict() == form._sweep.as_dict()
    assert form.edits() == {}
    assert form.also() == ["steps and guidance move together."]


def test_a_list_typed_into_one_value_makes_an_axis_and_one_value_takes_it_back(form):
    enter(form, "width", "64, 128")
    form.change_kind("guidance", "value")
    fill(form, "guidance", "3")
    fill(form, "colour", "blue")
    sweep = form.read()
    assert sweep.base["guidance"] == 3
    assert dict(sweep.axes) == {
        "colour": ["blue"],
        "steps": [2, 4],
        "seed": {"range": [2]},
        "width": [64, 128],
    }
    # a zip group that lost an axis is no group
    assert list(sweep.zip) == [] and form.also() == []
    assert sweep.count() == 8


def test_an_empty_field_means_the_models_default(form):
    for name in ("steps", "guidance", "width"):
        form.remove(name)
    cells = form.read().cells()
    assert {(c.params.steps, c.params.width) for c in cells} == {(20, 128)}
    assert "width" not in form.rows() and form.rows()["steps"].parts == ("",)


def test_an_edited_axis_keeps_its_position_and_an_undone_edit_does_not_count(form):
    fill(form, "steps", "8", "16")
    fill(form, "seed", "0", "9", "1")
    fill(form, "seed", "0", "2", "1")
    assert list(form.read().axes.items())[:2] == [("colour", ["red", "1e3"]), ("steps", [8, 16])]
    assert form.read().axes["seed"] == {"range": [2]}


@pytest.mark.parametrize(
    ("typed", "name", "values"),
    [
        ("height", "height", []),
        ("scheduler", "scheduler", ["DDIM", "Euler"]),
        ("call.eta", "call.eta", [0, 1]),
        ("cfg", "guidance", {"linspace": [1, 3, 2]}),
        ("width", "width", [64]),
        (" negative_prompt ", "negative_prompt", []),
        ("scheduler_options.beta_start", "scheduler_options.beta_start", []),
    ],
)
def test_any_parameter_can_become_an_axis(form, typed, name, values):
    assert form.add(typed) == name
    row = form.rows()[name]
    assert row.is_axis
    if values:
        assert row.value() == values
    else:
        assert complaint(form)["row"] == name


@pytest.mark.parametrize("name", ["", "nosuch", "size", "a b", "../x", "call.", "__import__('os')"])
def test_what_is_no_parameter_cannot_be_added(form, name):
    with pytest.raises(InvalidInput) as error:
        form.add(name)
    assert form.problem(error.value)["row"] == "parameter"


def test_an_axis_of_prompts_can_become_one_prompt_but_not_none():
    form = SweepForm()
    form.load(Sweep("prompts", axes={"prompt": ["a ring", "a star"]}))
    fill(form, "prompt", "a ring\n\n a star \na heart")
    assert [c.params.prompt for c in form.read().cells()] == ["a ring", "a star", "a heart"]
    form.change_kind("prompt", "value")
    fill(form, "prompt", "a {colour} heart")
    fill(form, "colour", "red", "blue")
    assert [c.params.prompt for c in form.read().cells()] == ["a red heart", "a blue heart"]
    fill(form, "prompt", "")
    assert complaint(form)["row"] == "prompt"
    form.remove("prompt")
    assert "prompt" in form.rows()


def test_a_placeholder_has_a_row_as_long_as_the_prompt_has_it(form):
    fill(form, "prompt", "a {size} ring, {{not one}}")
    assert "size" in form.rows() and "colour" not in form.rows()
    assert complaint(form)["row"] == "size"
    fill(form, "size", "small", "large")
    prompts = {c.params.prompt for c in form.read().cells()}
    assert prompts == {"a small ring, {not one}", "a large ring, {not one}"}
    fill(form, "prompt", "a {colour} ring")
    assert form.rows()["colour"].parts == ("red", "1e3")
    assert "size" not in form.rows()


@pytest.mark.parametrize(
    ("name", "parts", "part"),
    [
        ("steps", ["2, ["], None),
        ("steps", ["2", "2000"], 1),
        ("steps", ["&a 1, *a"], None),
        ("seed", ["0", "2", "0"], None),
        ("guidance", ["1", ".inf", "2"], None),
        ("colour", [], None),
        ("call", ["7"], None),
    ],
)
def test_an_error_is_shown_at_its_row_and_its_value(form, name, parts, part):
    fill(form, name, *parts)
    problem = complaint(form)
    assert (problem["row"], problem["part"]) == (name, part)
    assert problem["text"]


def test_errors_about_the_name_or_about_no_row_are_shown_there(form):
    form.take("../x", [])
    assert complaint(form)["row"] == "name"
    form.take("trial", [])
    fill(form, "prompt", "a {seed} ring")
    assert complaint(form)["row"] == "prompt"
    assert form.problem(RuntimeError("odd")) == {"row": "", "part": None, "text": "odd"}


def test_a_form_without_a_sweep_cannot_be_read():
    with pytest.raises(InvalidInput, match="experiment is None"):
        SweepForm().read()


def test_a_late_edit_of_an_editor_that_has_changed_is_passed_over(form):
    late = {**form.rows()["steps"].as_dict(), "parts": ["9"]}
    form.change_kind("steps", "range")
    form.take("trial", [late, {"name": "nosuch", "kind": "list", "parts": []}, 7])
    assert form.rows()["steps"].kind == "range" and "nosuch" not in form.rows()


def test_edits_are_made_again_except_of_what_has_changed(form):
    form.add("height")
    fill(form, "height", "64", "128")
    fill(form, "steps", "1", "2")
    form.remove("call")
    form.take("mine", [])
    again = SweepForm()
    again.load(form._sweep.override({"steps": [7, 8], "name": "other"}))
    again.restore(form.edits())
    assert again.read().axes["height"] == [64, 128] and "call" not in again.rows()
    assert again.read().axes["steps"] == [7, 8] and again.name == "other"
    again.restore({"steps": [1, 2], "x": None, "the name": ["other", 3]})


def test_a_search_and_continuous_axes_stay_as_they_are():
    sweep = Sweep(
        name="open",
        base={"prompt": "a star"},
        axes={"seed": [0, 1], "guidance": {"from": 1.0, "to": 8.0}},
        budget="200 pictures",
        search={"method": "optuna"},
    )
    form = SweepForm()
    form.load(sweep)
    assert form.read().as_dict() == sweep.as_dict()
    assert form.also() == ["A search (optuna) chooses the cells, at most 200 pictures."]
