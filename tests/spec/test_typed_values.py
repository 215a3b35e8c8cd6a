"""Values as people type them, with and without brackets."""

from __future__ import annotations

import pytest

from dwlab.errors import InvalidInput
from dwlab.spec.typed_values import typed_axis, typed_value


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("steps", "2, 5", [2, 5]),
        ("steps", "[2, 5]", [2, 5]),
        ("steps", "2,5", [2, 5]),
        ("steps", "5", 5),
        ("steps", "5,", [5]),
        ("steps", "2, 5  # fast", [2, 5]),
        ("guidance", "1, 7.5", [1, 7.5]),
        ("scheduler", "DDIM, DPM++ 2M Karras", ["DDIM", "DPM++ 2M Karras"]),
        ("call.eta", "0, 0.5", [0, 0.5]),
        ("call", "{eta: 0.5, clip_skip: 1}", {"eta": 0.5, "clip_skip": 1}),
        ("seed", "{range: [0, 4]}", {"range": [0, 4]}),
        ("model", '"a, b"', "a, b"),
        ("prompt", "a star, red", "a star, red"),
        ("prompt", "[a star, a ring]", ["a star", "a ring"]),
        ("colour", "dark, deep red", "dark, deep red"),
        ("colour", "[red, blue]", ["red", "blue"]),
        ("count", "2, 5", [2, 5]),
        ("steps", "", None),
    ],
)
def test_commas_make_a_list_with_and_without_brackets(name, text, value):
    assert typed_value(name, text) == value


@pytest.mark.parametrize(
    ("text", "values"),
    [("2, 5", [2, 5]), ("5", [5]), ("[5]", [5]), ("{range: [3]}", {"range": [3]})],
)
def test_an_axis_may_have_a_single_value(text, values):
    assert typed_axis("steps", text) == values


@pytest.mark.parametrize("text", ["", "  ", "2, [", "&a 1, *a", "!!python/name:os.system [1], 2"])
def test_an_axis_of_nothing_or_of_more_than_data_is_refused_by_its_name(text):
    with pytest.raises(InvalidInput) as error:
        typed_axis("steps", text)
    assert error.value.field.startswith("steps")
