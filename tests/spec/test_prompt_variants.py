"""`a {red|blue} star` as an axis: the texts it makes, and hostile text in bounded work."""

from __future__ import annotations

import contextlib
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dwlab.errors import InvalidInput, MissingExtra
from dwlab.spec import prompt_variants
from dwlab.spec.prompt_text import PROMPT_LIMIT
from dwlab.spec.prompt_variants import variants
from dwlab.spec.sweep import SweepSpec


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {red|blue} {dot|star}", ["a red dot", "a red star", "a blue dot", "a blue star"]),
        ("{a|{b|c} d}", ["a", "b d", "c d"]),
        ("{|red} star", [" star", "red star"]),
        ("{2$$a|b|c}", ["a,b", "a,c", "b,a", "b,c", "c,a", "c,b"]),
        ("{1-2$$ and $$a|b}", ["a", "b", "a and b", "b and a"]),
        ("{0.5::red|2::blue}", ["red", "blue"]),
        ("{a|a|b}", ["a", "b"]),
        ("plain", ["plain"]),
        ("a (red:1.2) {b|c}, <lora:x:1>", ["a (red:1.2) b, <lora:x:1>", "a (red:1.2) c, <lora:x:1>"]),
        ("a {size} {x|{colour} y}", ["a {size} x", "a {size} {colour} y"]),
        ("50% # $5 // /* {~a|!b|@c} */", ["50% # $5 // /* ~a */", "50% # $5 // /* !b */", "50% # $5 // /* @c */"]),
        ("${x=1} %{a$$b}", None),
        ("{a", None),
        ("a}", None),
        ("{3$$a|a|a}", None),
        ("a __colour__ star", None),
        (" \n", None),
        (3, None),
        (["a"], None),
        ("a \ue000 {b|c}", None),
    ],
)  # fmt: skip
def test_variants_are_combined_or_the_text_is_refused(text, expected):
    if expected is None:
        with pytest.raises(InvalidInput, match=r"axes\.prompt\.variants is "):
            variants("axes.prompt.variants", text)
    else:
        assert list(variants("axes.prompt.variants", text)) == expected


def test_an_axis_of_variants_is_an_axis_like_a_list():
    axes = {"prompt": {"variants": "a {size} {red|blue} star"}, "size": ["small", "large"]}
    sweep = SweepSpec("x", axes=axes)
    prompts = [cell.params.prompt for cell in sweep.cells()]
    assert prompts == [
        "a small red star", "a large red star", "a small blue star", "a large blue star",
    ]  # fmt: skip
    assert SweepSpec.from_dict(sweep.as_dict()).values == sweep.values
    assert sweep.override({"steps": 4}).values["prompt"] == sweep.values["prompt"]
    other = sweep.override({"prompt": {"variants": "a {dot|ring}"}})
    assert [cell.params.prompt for cell in other.cells()] == ["a dot", "a ring"]


def test_the_values_of_a_placeholder_may_be_variants():
    sweep = SweepSpec(
        "x", base={"prompt": "a {what}"}, axes={"what": {"variants": "{red|blue} star"}}
    )
    assert [cell.params.prompt for cell in sweep.cells()] == ["a red star", "a blue star"]


def test_variants_that_are_no_values_of_the_axis_are_refused():
    with pytest.raises(InvalidInput, match="steps"):
        SweepSpec("x", base={"prompt": "a"}, axes={"steps": {"variants": "{4|8}"}}).cells()


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "text",
    [
        "{" * PROMPT_LIMIT,
        "{|" * (PROMPT_LIMIT // 2),
        "{a|b}" * (PROMPT_LIMIT // 5),
        "{a|" * 11 + "b" + "}" * 11,
        "{" + "|".join("a" * 400) + "}",
        "{9$$" + "|".join("abcdefghijkl") + "}",
        "{9$$" + "|".join("a" * 12) + "}",
        "{2$$" * 9 + "a|b" + "}" * 9,
        "{99$$a|b|c|d|e|f}",
        "{a|b}" * 13 + "x" * 19_000,
        "{1::" * 9 + "a" + "}" * 9,
        "|" * PROMPT_LIMIT,
        "$$" * (PROMPT_LIMIT // 2),
        "{ a} " * 300,
    ],
)
def test_no_text_makes_endless_work(text):
    with contextlib.suppress(InvalidInput):
        assert len(variants("f", text)) <= prompt_variants.LIMIT


@settings(max_examples=60)
@given(st.text(alphabet="ab{}|$:~%#/_ 12-", max_size=40))
def test_any_text_is_expanded_or_refused(text):
    with contextlib.suppress(InvalidInput):
        assert variants("f", text)


def test_without_dynamicprompts_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "dynamicprompts.generators", None)
    with pytest.raises(MissingExtra, match=r'pip install "dwlab\[models\]"'):
        variants("f", "a {text|word} of its own")
