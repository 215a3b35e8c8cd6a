"""White space around a prompt changes neither its key nor its picture."""

from __future__ import annotations

import pandas as pd
import pytest

from dwlab.analysis.axes import swept
from dwlab.spec.params import GenerationParams

EDGES = (
    "a red star\n", "a red star ", " a red star", "\ta red star\t", "a red star\r\n", "a red star\r", "\n\na red star",
    "a red star\u00a0", "\u3000a red star", "a red star\u2028",
)  # fmt: skip


INSIDE = (
    "a  red star",
    "A red star",
    "a red\nstar",
    "a red star.",
    "\u200ba red star",
    "a\u00a0red star",
)


def key(**values):
    return GenerationParams(**values).key("w" * 64, "float32")


@pytest.mark.parametrize("text", EDGES, ids=ascii)
def test_white_space_around_a_prompt_does_not_change_the_key(text):
    assert key(prompt=text) == key(prompt="a red star")
    assert key(prompt="x", negative_prompt=text) == key(prompt="x", negative_prompt="a red star")
    assert GenerationParams(text).prompt == "a red star"
    assert GenerationParams("x").replace(prompt=text) == GenerationParams("a red star")


@pytest.mark.parametrize("text", INSIDE, ids=ascii)
def test_what_stands_inside_a_prompt_is_kept(text):
    assert GenerationParams(text).prompt == text and key(prompt=text) != key(prompt="a red star")


def test_a_negative_prompt_of_white_space_only_is_left_out():
    assert key(prompt="x", negative_prompt=" \n") == key(prompt="x")


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_line_ends_of_other_systems_become_plain_line_ends(ends):
    assert GenerationParams(f"a red star{ends}at the top").prompt == "a red star\nat the top"


def test_a_table_finds_the_templates_of_prompts_that_end_in_a_line_end():
    table = pd.DataFrame(
        {
            "prompt": ["a red star", "a blue star", "a red dot", "a blue dot"],
            "c": ["red", "blue"] * 2,
        }
    )
    table.attrs["axes"] = {"prompt": ["a {c} star\n", "a {c} dot\n"], "c": ["red", "blue"]}
    assert {axis.name: axis.values for axis in swept(table)} == {
        "prompt": ["a {c} star", "a {c} dot"],
        "c": ["red", "blue"],
    }
