"""A prompt's placeholders are axes, and their values stand in it as they are written."""

from __future__ import annotations

import pytest
from sweeps import spec

from dwlab.errors import InvalidInput
from dwlab.spec.sweep import SweepSpec


def test_placeholders_are_axes_and_double_braces_are_text():
    cells = spec(
        base={"prompt": "a {colour} {{x}} {shape}"},
        axes={"colour": ["red", "blue"], "shape": ["ring"]},
    ).cells()
    assert [c.params.prompt for c in cells] == ["a red {x} ring", "a blue {x} ring"]
    assert cells[0].axes == {"colour": "red", "shape": "ring"}


def test_values_with_braces_or_commas_are_not_expanded_again():
    cells = spec(base={"prompt": "a {what}"}, axes={"what": ["{what}", "red, large"]}).cells()
    assert [c.params.prompt for c in cells] == ["a {what}", "a red, large"]


@pytest.mark.parametrize(
    "value", [True, False, None, ["red"], {"red": 1}, float("nan"), float("inf")]
)
def test_a_placeholder_takes_texts_and_numbers_only(value):
    with pytest.raises(InvalidInput, match="quotes") as caught:
        spec(base={"prompt": "a {colour} ring"}, axes={"colour": ["red", value]})
    assert caught.value.field == "axes.colour"
    assert caught.value.value is value
    numbers = spec(base={"prompt": "weight {w}"}, axes={"w": [1, 0.5, "2", 10**400]}).cells()
    assert [c.params.prompt for c in numbers] == [
        "weight 1",
        "weight 0.5",
        "weight 2",
        f"weight {10**400}",
    ]


@pytest.mark.parametrize(
    ("word", "said"), [("steps", "parameter"), ("cfg", "parameter"), ("status", "column")]
)
def test_a_placeholder_named_like_a_parameter_or_a_column_is_refused(word, said):
    with pytest.raises(InvalidInput, match=f"prompt is .*{word}.*another word.*{said}"):
        spec(base={"prompt": f"a {{{word}}}"}, axes={word: [1, 2]})


@pytest.mark.parametrize("name", ["status", "adherence", "stars", "nan", "name"])
def test_a_placeholder_may_not_hide_a_column_of_the_table(name):
    with pytest.raises(InvalidInput, match="column"):
        spec(base={"prompt": f"a {{{name}}}"}, axes={name: ["x"]})


def test_a_placeholder_may_have_another_tools_name():
    (cell,) = SweepSpec("s", base={"prompt": "a {size} star"}, axes={"size": ["large"]}).cells()
    assert cell.params.prompt == "a large star"


@pytest.mark.parametrize(
    ("prompt", "value"),
    [
        ("{a}" * 5000, "x" * 20_000),
        ("{a}" * 20_000, "x"),
        ("{a}" * 20_000, ""),
        ("{a}{{" * 1000, "x" * 20),
    ],
)
@pytest.mark.parametrize("name", ["prompt", "negative_prompt"])
def test_a_prompt_that_would_be_too_long_is_refused_before_it_is_put_together(prompt, value, name):
    base = {"prompt": "x", name: prompt}
    with pytest.raises(InvalidInput, match="at most 20,000 characters") as caught:
        spec(base=base, axes={"a": [value]}).cells()
    assert len(str(caught.value)) < 400


def test_a_prompt_that_is_exactly_as_long_as_allowed_is_accepted():
    (cell,) = spec(base={"prompt": "{a}{{}}" * 100}, axes={"a": ["x" * 198]}).cells()
    assert len(cell.params.prompt) == 20_000 and cell.params.prompt.startswith("x" * 198 + "{}x")
