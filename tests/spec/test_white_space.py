"""White space around a prompt changes neither key nor picture, and the plan says that it is left out."""

from __future__ import annotations

import pandas as pd
import pytest

from dwlab.analysis.findings import swept
from dwlab.errors import InvalidInput
from dwlab.runs.run import Sweep
from dwlab.spec.params import GenerationParams

SMALL = {"steps": 1, "width": 64, "height": 64}
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
def test_white_space_around_a_prompt_makes_no_other_key(text):
    assert key(prompt=text) == key(prompt="a red star")
    assert key(prompt="x", negative_prompt=text) == key(prompt="x", negative_prompt="a red star")
    assert GenerationParams(text).prompt == "a red star"
    assert GenerationParams("x").replace(prompt=text) == GenerationParams("a red star")


@pytest.mark.parametrize("text", INSIDE, ids=ascii)
def test_what_stands_inside_a_prompt_is_kept(text):
    assert GenerationParams(text).prompt == text and key(prompt=text) != key(prompt="a red star")


def test_a_negative_prompt_of_white_space_is_none():
    assert key(prompt="x", negative_prompt=" \n") == key(prompt="x")


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_line_ends_of_other_systems_are_line_ends(ends):
    assert GenerationParams(f"a red star{ends}at the top").prompt == "a red star\nat the top"


def test_the_plan_says_which_texts_lose_white_space(tmp_path):
    texts = [
        "a red star",
        "a red star\n",
        "a red star ",
        "a  red star",
        "A red star",
        "a red star\r",
    ]
    plan = Sweep("trial", base=SMALL, axes={"prompt": texts}).plan(tmp_path)
    assert plan.cells == 3
    assert (
        r"prompt: the white space around 'a red star\n' and 2 others is left out" in plan.warnings
    )
    filled = Sweep(
        "trial",
        base={**SMALL, "prompt": "{p}", "negative_prompt": "blurry\n"},
        axes={"p": [" x", "x", "y"]},
    )
    said = [text for text in filled.plan(tmp_path).warnings if "white space" in text]
    assert said == [
        "prompt: the white space around ' x' is left out",
        r"negative_prompt: the white space around 'blurry\n' is left out",
    ]


def test_a_plan_without_such_texts_says_nothing_of_them(tmp_path):
    plan = Sweep(
        "trial", base={**SMALL, "prompt": "a {p} star"}, axes={"p": [" red", "blue "]}
    ).plan(tmp_path)
    assert not [text for text in plan.warnings if "white space" in text]


def test_templates_that_end_in_a_line_end_are_still_known_in_the_table():
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


@pytest.mark.parametrize("seed", [-1, -5, 2**63, 1.5, "random"])
def test_a_refused_seed_names_random_and_leaving_it_out(seed):
    with pytest.raises(InvalidInput, match=r"leave it out.*`seed: random`"):
        Sweep("trial", base={**SMALL, "prompt": "x"}, axes={"seed": [seed]}).cells()
