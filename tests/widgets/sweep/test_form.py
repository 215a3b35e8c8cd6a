"""The fields of the sweep panel: what they make of edits, and where errors are shown."""

from __future__ import annotations

import json

import pytest
from widgets.sweep.form_use import complaint, field, messages, shown

from dwlab.errors import InvalidInput
from dwlab.runs.sweep import Sweep
from dwlab.widgets.sweep.form import SweepFields

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.fixture
def form():
    """The form with a sweep that has an axis of each kind; `edits` counts its calls."""
    form = SweepFields(lambda: form.edits.append(1))
    form.edits = []
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
    assert field(form, "colour").value == "[red, '1e3']"
    assert field(form, "seed").value == "{range: [2]}"


def test_lists_become_axes_and_single_values_do_not(form):
    field(form, "guidance").value = "3"
    field(form, "width").value = "[64, 128]"
    field(form, "colour").value = "blue"
    sweep = form.read()
    assert sweep.base["guidance"] == 3
    assert dict(sweep.axes) == {
        "colour": ["blue"],
        "steps": [2, 4],
        "seed": {"range": [2]},
        "width": [64, 128],
    }
    assert list(sweep.zip) == []  # a zip group that lost an axis is no group
    assert sweep.count() == 8
    assert form.edits


def test_an_empty_field_means_the_models_default(form):
    field(form, "steps").value = field(form, "guidance").value = field(form, "width").value = ""
    cells = form.read().cells()
    assert {(c.params.steps, c.params.width) for c in cells} == {(20, 128)}


def test_an_edited_axis_keeps_its_position_and_an_undone_edit_does_not_count(form):
    field(form, "steps").value = "[8, 16]"
    field(form, "seed").value = "{range: [9]}"
    field(form, "seed").value = "{range: [2]}"
    assert list(form.read().axes.items())[:2] == [("colour", ["red", "1e3"]), ("steps", [8, 16])]
    assert form.read().axes["seed"] == {"range": [2]}


def test_an_axis_of_prompts_can_become_one_prompt_but_not_none(form):
    form.load(Sweep("prompts", axes={"prompt": ["a ring", "a star"]}))
    assert shown(form)[0] == "prompt"
    field(form, "prompt").value = "a {colour} heart"
    field(form, "colour").value = "[red, blue]"
    assert [c.params.prompt for c in form.read().cells()] == ["a red heart", "a blue heart"]
    field(form, "prompt").value = "[a ring, a star, a heart]"
    assert [c.params.prompt for c in form.read().cells()] == ["a ring", "a star", "a heart"]
    field(form, "prompt").value = ""
    assert "a prompt, in base or as an axis" in complaint(form)["prompt"]


@pytest.mark.parametrize(
    "text",
    [
        "blurry, dark",
        "a | b",
        "(bad:1.4), x",
        "watermark: yes",
        "# low",
        "[blurry]",
        "'quoted'",
        "no",
        "1",
        "%, &, *",
    ],
)
def test_a_negative_prompt_is_one_text_whatever_it_contains(form, text):
    form.load(Sweep("trial", base={"prompt": "a ring", "negative_prompt": "old, words"}))
    assert field(form, "negative_prompt").value == "old, words"
    field(form, "negative_prompt").value = text
    assert {cell.params.negative_prompt for cell in form.read().cells()} == {text}


def test_a_list_of_negative_prompts_is_an_axis(form):
    form.load(Sweep("trial", base={"prompt": "a ring", "negative_prompt": "old"}))
    field(form, "negative_prompt").value = '["blurry, dark", "", cropped]'
    assert [cell.params.negative_prompt for cell in form.read().cells()] == [
        "blurry, dark",
        "",
        "cropped",
    ]


@pytest.mark.parametrize("text", ["dark, deep red", "no", "red: yes", "#ff0000"])
def test_words_for_a_placeholder_are_taken_literally(form, text):
    field(form, "colour").value = text
    assert {cell.params.prompt for cell in form.read().cells()} == {f"a {text} ring"}


def test_a_form_without_a_sweep_cannot_be_read():
    with pytest.raises(InvalidInput, match="experiment is None"):
        SweepFields(lambda: None).read()


def test_a_placeholder_has_a_field_as_long_as_the_prompt_has_it(form):
    form.prompt.value = "a {size} ring, {{not one}}"
    assert "size" in shown(form) and "colour" not in shown(form)
    assert "size is ''" in complaint(form)["size"]
    field(form, "size").value = "[small, large]"
    prompts = {c.params.prompt for c in form.read().cells()}
    assert prompts == {"a small ring, {not one}", "a large ring, {not one}"}
    form.prompt.value = "a {colour} ring"
    assert field(form, "colour").value == "[red, '1e3']"
    assert "size" not in shown(form)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("steps", "[2, "),
        ("steps", "[2, 2000]"),
        ("steps", "[&a 1, *a]"),
        ("seed", "{range: [0, 2, 0]}"),
        ("seed", "!!python/object/apply:os.system [ls]"),
        ("guidance", "{linspace: [1, .inf, 2]}"),
        ("colour", ""),
        ("scheduler", "nosuch"),
        ("call", "7"),
    ],
)
def test_an_error_is_shown_below_its_field(form, name, text):
    field(form, name).value = text
    assert list(complaint(form)) == [name]
    form.show_error(None)
    assert messages(form) == {}


def test_errors_about_name_or_prompt_are_shown_there_and_others_below_all_fields(form):
    form.name.value = "../x"
    assert list(complaint(form)) == ["name"]
    form.name.value = "trial"
    form.prompt.value = "a {seed} ring"
    assert list(complaint(form)) == ["prompt"]
    form.show_error(RuntimeError(HOSTILE))
    assert list(messages(form)) == [""]


def test_messages_escape_what_they_quote(form):
    field(form, "steps").value = json.dumps(HOSTILE)
    complaint(form)
    assert "<img" not in form._fields["steps"].message.value
    assert "&lt;img" in form._fields["steps"].message.value
