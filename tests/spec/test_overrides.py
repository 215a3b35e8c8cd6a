"""Overrides change a sweep's axes and base values, and nothing else."""

from __future__ import annotations

import pytest
from sweeps import spec

from dwlab.errors import InvalidInput
from dwlab.spec.params import GenerationParams


def test_overrides_replace_axes_and_base_values():
    swept = spec(
        base={"prompt": "a {c}"}, axes={"c": ["x", "y"], "steps": [1, 2]}, zip=[["c", "steps"]]
    )
    assert swept.override({"steps": 5}).count() == 2
    assert [c.params.steps for c in swept.override({"num_inference_steps": 5}).cells()] == [5, 5]
    assert swept.override({"guidance": [2, 3]}).count() == 4
    assert [c.params.prompt for c in swept.override({"c": "z"}).cells()] == ["a z", "a z"]
    with pytest.raises(InvalidInput, match="nosuch"):
        swept.override({"nosuch": 1})


AXES = {"c": ["x", "y"], "seed": [0, 1], "d": ["q"], "steps": [1, 2]}


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": "random"},
        {"seed": {"random": 3}},
        {"seed": [7]},
        {"c": ["z"]},
        {"c": "z"},
        {"num_inference_steps": [4]},
    ],
)
def test_an_axis_that_is_replaced_stays_in_its_place(changes):
    swept = spec(base={"prompt": "a {c} {d}"}, axes=AXES)
    assert list(swept.override(changes).axes) == list(AXES)
    assert list(swept.override(changes).cells()[0].axes) == list(AXES)


def test_an_override_of_the_prompt_adds_and_removes_its_placeholders():
    rules = [{"c": "x", "steps": 2}, {"steps": 1, "seed": 1}]
    swept = spec(base={"prompt": "a {c} {d}"}, axes=AXES, zip=[["c", "steps"]], skip=rules)
    plain = swept.override({"prompt": "a {d} ring"})
    assert dict(plain.axes) == {"seed": [0, 1], "d": ["q"], "steps": [1, 2]}
    assert (list(plain.zip), list(plain.skip)) == ([], rules[1:])
    assert {c.params.prompt for c in plain.cells()} == {"a q ring"}
    for changes in (
        {"prompt": "a {new} {d}", "new": ["big"]},
        {"new": "big", "prompt": "a {new} {d}"},
    ):
        assert {c.params.prompt for c in swept.override(changes).cells()} == {"a big q"}
    lists = swept.override({"prompt": ["a {c}", "no {d}"]})
    assert {"c", "d"} <= lists.axes.keys()
    with pytest.raises(InvalidInput, match=r"\{new\}.*placeholder that is an axis"):
        swept.override({"prompt": "a {new}"}).cells()
    with pytest.raises(InvalidInput, match=r"overrides\.c"):
        swept.override({"prompt": "a {d}", "c": ["x"]})


def test_an_override_of_none_restores_the_models_own_value():
    swept = spec(
        base={
            "prompt": "a {c}",
            "guidance": 9,
            "call.eta": 1,
            "call": {"clip_skip": 1},
            "negative_prompt": "n",
        },
        axes={"c": ["x"], "steps": [1, 2], "scheduler": ["Heun", "DDIM"]},
        zip=[["steps", "scheduler"]],
        skip=[{"call.eta": 1, "steps": 2}],
    )
    changes = dict.fromkeys(
        ("guidance_scale", "call", "call.eta", "negative_prompt", "steps", "scheduler", "seed")
    )
    assert [c.params for c in swept.override(changes).cells()] == [GenerationParams("a x")]
    with pytest.raises(InvalidInput, match=r"base\.prompt"):
        swept.override({"prompt": None})
    with pytest.raises(InvalidInput, match="placeholder that is an axis"):
        swept.override({"c": None}).cells()


@pytest.mark.parametrize(
    ("base", "axes", "changes", "calls"),
    [
        ({}, {"call.eta": [0, 1]}, {"call": {"eta": 0.5}}, [{"eta": 0.5}]),
        (
            {},
            {"call.eta": [0, 1]},
            {"call": {"clip_skip": 2}},
            [{"clip_skip": 2, "eta": 0}, {"clip_skip": 2, "eta": 1}],
        ),
        ({"call.eta": 1}, {}, {"call": {"clip_skip": 2}}, [{"clip_skip": 2}]),
        ({"call.eta": 1}, {}, {"call": {"eta": 0.5}}, [{"eta": 0.5}]),
        (
            {"call": {"eta": 1, "clip_skip": 2}},
            {},
            {"call.eta": 0.5},
            [{"eta": 0.5, "clip_skip": 2}],
        ),
        ({"call": {"eta": 1}}, {}, {"call.eta": [0, 0.5]}, [{"eta": 0}, {"eta": 0.5}]),
        ({"call": {"eta": 1, "clip_skip": 2}}, {}, {"call.eta": None}, [{"clip_skip": 2}]),
        (
            {"call": {"eta": 1}},
            {},
            {"call.clip_skip": 2, "call": {"eta": 0}},
            [{"eta": 0, "clip_skip": 2}],
        ),
    ],
)
def test_an_override_of_the_call_replaces_what_it_names(base, axes, changes, calls):
    cells = spec(base={"prompt": "x", **base}, axes=axes).override(changes).cells()
    assert [dict(c.params.call) for c in cells] == calls


def test_overrides_that_give_a_value_twice_are_refused():
    for changes in ({"call": {"eta": 1}, "call.eta": 0}, {"steps": 1, "num_inference_steps": 2}):
        with pytest.raises(InvalidInput, match=r"overrides\..* only one (place|spelling)"):
            spec().override(changes)
