"""The rows of the sweep panel: what their texts stand for, and what becomes of them."""

from __future__ import annotations

import pytest

from dwlab.errors import InvalidInput
from dwlab.widgets.sweep.rows import Row, kinds_of


@pytest.mark.parametrize(
    ("name", "description", "kind"),
    [
        ("steps", [2, 4], "list"),
        ("steps", {"range": [2, 10, 4]}, "range"),
        ("seed", {"range": [3]}, "range"),
        ("seed", range(0, 4, 2), "range"),
        ("seed", {"random": 4}, "random"),
        ("guidance", {"linspace": [1, 3, 5]}, "linspace"),
        ("prompt", ["a star, red", "", "a [ring]"], "lines"),
        ("prompt", ["a\nb"], "yaml"),
        ("prompt", {"variants": "a {red|blue} star"}, "yaml"),
        ("colour", ["red", "dark, deep red", "1e3", "no", "it's", "'x'", 7, ""], "list"),
        ("scheduler", ["DDIM", "DPM++ 2M Karras"], "list"),
        ("call.eta", [0, 0.5, 1.0], "list"),
        ("call", [{"eta": 0}, {"eta": 1}], "list"),
        ("negative_prompt", ["blurry, dark", "[x]"], "lines"),
        ("image", {"folder": "pictures"}, "yaml"),
        ("loras", [[{"file": "a.safetensors"}], []], "list"),
    ],
)
def test_an_axis_is_shown_by_the_editor_that_fits_and_read_back_as_it_was(name, description, kind):
    row = Row.of_axis(name, description)
    assert row.kind == kind and row.kind in kinds_of(name)
    expected = {"range": [0, 3, 1]} if description == {"range": [3]} else description
    if isinstance(description, range):
        expected = {"range": [0, 4, 2]}
    assert row.value() == expected
    assert Row.from_dict(row.as_dict()) == row


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 4),
        ("guidance", 7.5),
        ("prompt", "a star: red, {x} # [y]"),
        ("scheduler", "DDIM"),
        ("call", {"eta": 0.5}),
        ("dtype", "float32"),
        ("model", "/models/one, two"),
        ("steps", None),
    ],
)
def test_a_base_value_is_read_back_as_it_was(name, value):
    assert Row.of_base(name, value).value() == value


@pytest.mark.parametrize(
    "text", ["blurry, dark", "a | b", "(bad:1.4), x", "[blurry]", "'quoted'", "no", "1", "%, &, *"]
)
def test_a_prompt_is_one_text_whatever_it_contains(text):
    assert Row("negative_prompt", "value", (text,)).value() == text
    assert Row("negative_prompt", "lines", (text,)).value() == [text]


@pytest.mark.parametrize("text", ["dark, deep red", "no", "red: yes", "#ff0000", "&star"])
def test_words_for_a_placeholder_are_taken_literally(text):
    assert Row("colour", "list", (text, "blue")).value() == [text, "blue"]


@pytest.mark.parametrize("text", ["2, 5", "[2, 5]", "2,5", " 2 , 5 "])
def test_a_list_may_be_typed_into_one_field_with_and_without_brackets(text):
    assert Row("steps", "list", ("1", text)).value() == [1, 2, 5]
    assert Row("steps", "list", ("1", text)).settled() == Row("steps", "list", ("1", "2", "5"))
    assert Row("steps", "value", (text,)).settled() == Row("steps", "list", ("2", "5"))
    assert Row("steps", "yaml", (text,)).value() == [2, 5]


def test_what_is_wrong_stays_as_it_was_typed():
    for row in (Row("steps", "list", ("1", "[2, ")), Row("steps", "value", ("[2, ",))):
        assert row.settled() == row
    assert Row("steps", "list", ("", " ", "1")).settled().parts == ("1",)


def test_a_row_keeps_its_values_when_its_editor_changes():
    row = Row("seed", "range", ("0", "6", "2"))
    assert row.as_kind("list") == Row("seed", "list", ("0", "2", "4"))
    assert row.as_kind("value") == Row("seed", "value", ("0",))
    assert row.as_kind("random") == Row("seed", "random", ("3",))
    assert row.as_kind("list").as_kind("range") == row
    assert row.as_kind("yaml").value() == {"range": [0, 6, 2]}
    assert Row("guidance", "list", ("1", "9")).as_kind("linspace").parts == ("1", "9", "2")
    lines = Row("prompt", "value", ("a star",)).as_kind("lines")
    assert lines.value() == ["a star"]


def test_a_row_says_how_many_values_it_has():
    assert Row("seed", "range", ("0", "3", "1")).note() == "3 values: 0, 1, 2"
    assert Row("seed", "range", ("0", "1000000", "1")).note() == "1,000,000 values"
    assert Row("seed", "random", ("4",)).note() == "4 values"
    assert Row("steps", "list", ("7",)).note() == "1 value"
    assert Row("steps", "list", ("[",)).note() == Row("steps", "value", ("7",)).note() == ""


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (Row("steps", "list", ()), "steps"),
        (Row("seed", "range", ("0", "many", "1")), "seed.stop"),
        (Row("seed", "random", ("",)), "seed.count"),
        (Row("prompt", "lines", ("\n ",)), "prompt"),
        (Row("steps", "list", ("!!python/name:os.system x",)), "steps"),
        (Row("steps", "list", ("&a 1", "*a")), "steps"),
        (Row("colour", "list", ("[red, ",)), "colour"),
    ],
)
def test_what_a_row_lacks_is_told_by_its_name(row, field):
    with pytest.raises(InvalidInput) as error:
        row.value()
    assert error.value.field.startswith(field)


def test_the_part_that_holds_a_value_is_found():
    row = Row("steps", "list", ("1", "2, 5", "9"))
    assert [row.part_of(index) for index in range(5)] == [0, 1, 1, 2, None]


@pytest.mark.parametrize(
    "values",
    [
        None,
        {},
        {"name": "steps", "kind": "nosuch", "parts": ["1"]},
        {"name": "steps", "kind": "range", "parts": ["1"]},
        {"name": "steps", "kind": "list", "parts": [1]},
        {"name": "steps", "kind": "list", "parts": ["1"] * 5000},
        {"name": "steps", "kind": "list", "parts": ["1" * 300_000]},
        {"name": 3, "kind": "list", "parts": []},
    ],
)
def test_anything_but_a_row_is_none(values):
    assert Row.from_dict(values) is None
