"""Axes make the cells a reader of the file would expect; mistakes are named before anything loads."""

from __future__ import annotations

import pytest

from dwlab import lint
from dwlab.axes import values
from dwlab.errors import InvalidInput
from dwlab.sweep import SweepSpec


def spec(**parts):
    return SweepSpec(**{"name": "s", "base": {"prompt": "a circle"}, **parts})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([3, 1, 2], (3, 1, 2)),
        ({"range": [4]}, (0, 1, 2, 3)),
        ({"range": [0, 8]}, tuple(range(8))),
        ({"range": [1, 9, 2]}, (1, 3, 5, 7)),
        ({"range": [5, 0, -2]}, (5, 3, 1)),
        ({"range": [0, 1, 0.1]}, (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)),
        ({"linspace": [1, 9, 5]}, (1, 3, 5, 7, 9)),
        ({"linspace": [0, 1, 5]}, (0, 0.25, 0.5, 0.75, 1)),
        ({"linspace": [2, 9, 1]}, (2,)),
    ],
)
def test_axis_forms(given, expected):
    assert values("steps", given) == expected


@pytest.mark.parametrize(
    "given",
    [
        [], "abc", 5, None, {}, {"rang": [1]}, {"range": [0, 8], "linspace": [1, 2, 3]}, {"range": []},
        {"range": [1, 2, 0]}, {"range": [5, 1]}, {"range": [0, 10**9]}, {"range": [0, float("inf")]},
        {"range": ["a", "b"]}, {"linspace": [0, 1, 0]}, {"linspace": [0, 1, 2.5]}, {"linspace": [0, 1]},
        {"random": 3},
    ],
)  # fmt: skip
def test_a_bad_axis_is_refused_by_name(given):
    with pytest.raises(InvalidInput, match=r"axes\.steps"):
        values("steps", given)


def test_the_last_axis_varies_fastest():
    cells = spec(axes={"seed": [0, 1], "steps": [2, 4]}).cells()
    assert [(c.params.seed, c.params.steps) for c in cells] == [(0, 2), (0, 4), (1, 2), (1, 4)]
    assert [c.position for c in cells] == [0, 1, 2, 3]


def test_zipped_axes_move_together():
    cells = spec(
        axes={"seed": [0, 1], "scheduler": ["Euler", "Heun"], "steps": [20, 10]}, zip=[["scheduler", "steps"]]
    ).cells()
    assert {(c.params.scheduler, c.params.steps) for c in cells} == {
        ("EulerDiscreteScheduler", 20),
        ("HeunDiscreteScheduler", 10),
    }
    assert len(cells) == 4


def test_placeholders_are_axes_and_double_braces_are_text():
    cells = spec(
        base={"prompt": "a {colour} {{x}} {shape}"}, axes={"colour": ["red", "blue"], "shape": ["ring"]}
    ).cells()
    assert [c.params.prompt for c in cells] == ["a red {x} ring", "a blue {x} ring"]
    assert cells[0].axes == {"colour": "red", "shape": "ring"}


def test_values_with_braces_or_commas_are_not_expanded_again():
    cells = spec(base={"prompt": "a {what}"}, axes={"what": ["{what}", "red, large"]}).cells()
    assert [c.params.prompt for c in cells] == ["a {what}", "a red, large"]


def test_skip_rules_drop_combinations_and_counts_are_exact():
    swept = spec(
        axes={"scheduler": ["Euler", "Heun"], "steps": [10, 20, 40], "guidance": [1, 5]},
        skip=[{"scheduler": "Heun", "steps": {"above": 10}}, {"guidance": 1, "steps": [10, 20]}],
    )
    assert swept.combinations() == 12
    assert swept.count() == len(swept.cells()) == 12 - 4 - 3


def test_dotted_axes_reach_call_and_scheduler_options():
    cells = spec(
        base={"prompt": "x", "call": {"clip_skip": 1}},
        axes={"call.eta": [0, 0.5], "scheduler_options.use_karras_sigmas": [True]},
    ).cells()
    assert [dict(c.params.call) for c in cells] == [{"clip_skip": 1, "eta": 0}, {"clip_skip": 1, "eta": 0.5}]
    assert dict(cells[0].params.scheduler_options) == {"use_karras_sigmas": True}


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"base": {"prompt": "x", "stepz": 3}}, "base.stepz"),
        ({"axes": {"stepz": [1]}}, "axes.stepz"),
        ({"base": {}}, "base.prompt"),
        ({"base": [1]}, "base"),
        ({"axes": [1]}, "axes"),
        ({"base": {"prompt": "a {colour}"}}, "prompt"),
        ({"axes": {"steps": [-3]}}, "steps"),
        ({"axes": {"guidance": [float("nan")]}}, "guidance"),
        ({"base": {"prompt": "x", "width": 1000}}, "width"),
        ({"axes": {"steps": [1, 2], "seed": [1]}, "zip": [["steps", "seed"]]}, "zip"),
        ({"axes": {"steps": [1, 2]}, "zip": [["steps", "seed"]]}, "zip"),
        ({"axes": {"steps": [1, 2]}, "zip": "steps"}, "zip"),
        ({"skip": [{"foo": 1}]}, "skip"),
        ({"skip": [{"steps": {"over": 1}}]}, "skip"),
        ({"skip": {"steps": 1}}, "skip"),
        ({"metrics": "adherence"}, "metrics"),
        ({"name": "a/b"}, "name"),
    ],
)
def test_a_mistake_names_its_place(parts, named):
    with pytest.raises(InvalidInput) as caught:
        spec(**parts).cells()
    assert named in caught.value.field


def test_a_sweep_beyond_the_limit_is_refused_with_its_number():
    large = spec(axes={"seed": {"range": [0, 200]}, "steps": {"range": [1, 101]}})
    with pytest.raises(InvalidInput, match="20,000 cells"):
        large.cells()
    assert len(large.cells(limit=20_000)) == 20_000


def test_a_huge_product_is_counted_without_being_walked():
    huge = spec(
        axes={"seed": {"range": [0, 10**6]}, "steps": {"range": [1, 1001]}, "guidance": {"linspace": [0, 9, 1000]}}
    )
    assert huge.count() == 10**12


def test_repeated_combinations_are_one_cell_and_are_warned_of():
    swept = spec(axes={"scheduler": ["Euler", "EulerDiscreteScheduler"], "seed": [0, 1]})
    cells = swept.cells()
    assert len(cells) == 2
    assert any("repeat" in w for w in lint.warnings(swept, cells))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"axes": {"guidance": [0, 1, 5]}}, "guidance 0, 1"),
        (
            {"base": {"prompt": "x", "guidance": 1}, "axes": {"negative_prompt": ["", "red"]}},
            "negative_prompt has no effect",
        ),
        ({"base": {"prompt": "x", "scheduler": "Euler"}, "axes": {"call.eta": [0, 1]}}, "call.eta has no effect"),
        ({"axes": {"steps": [1, 2]}, "skip": [{"steps": 9}]}, "drops nothing"),
    ],
)
def test_what_cannot_matter_is_warned_of_and_kept(parts, words):
    swept = spec(**parts)
    cells = swept.cells()
    assert any(words in w for w in lint.warnings(swept, cells))
    assert len(cells) == swept.count()


def test_a_sound_sweep_has_no_warnings():
    swept = spec(
        axes={"guidance": [1, 5], "steps": [2, 4], "negative_prompt": ["", "red"]},
        skip=[{"guidance": 1, "negative_prompt": "red"}],
    )
    assert lint.warnings(swept, swept.cells()) == ["negative_prompt has no effect where guidance is 1 or less"]
    assert lint.warnings(spec(axes={"steps": [2, 4]}), spec(axes={"steps": [2, 4]}).cells()) == []


def test_overrides_replace_axes_and_base_values():
    swept = spec(base={"prompt": "a {c}"}, axes={"c": ["x", "y"], "steps": [1, 2]}, zip=[["c", "steps"]])
    assert swept.override({"steps": 5}).count() == 2
    assert [c.params.steps for c in swept.override({"num_inference_steps": 5}).cells()] == [5, 5]
    assert swept.override({"guidance": [2, 3]}).count() == 4
    assert [c.params.prompt for c in swept.override({"c": "z"}).cells()] == ["a z", "a z"]
    with pytest.raises(InvalidInput, match="nosuch"):
        swept.override({"nosuch": 1})


def test_random_seeds_are_drawn_by_the_store_not_by_the_sweep():
    swept = spec(base={"prompt": "x", "seed": "random"})
    assert swept.random_seeds == 1
    assert [c.params.seed for c in swept.cells([77])] == [77]
    assert [c.params.seed for c in spec(axes={"seed": {"random": 3}}).cells([5, 6, 7])] == [5, 6, 7]


def test_yaml_gives_the_same_sweep_as_python(tmp_path):
    path = tmp_path / "trial.yaml"
    path.write_text(
        "base: {prompt: 'a {colour} ring'}\naxes:\n  colour: [red, blue]\n  seed: {range: [0, 3]}\nskip: [{colour: red, seed: 2}]\n"
    )
    swept = SweepSpec.from_yaml(path)
    assert swept.name == "trial"
    assert swept.count() == 5
    assert SweepSpec.from_dict(swept.as_dict()).cells() == swept.cells()


def test_an_unknown_key_in_the_file_is_refused(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("base: {prompt: x}\naxis: {steps: [1]}\n")
    with pytest.raises(InvalidInput, match="axis"):
        SweepSpec.from_yaml(path)


def test_a_sweep_of_no_cells_is_refused():
    with pytest.raises(InvalidInput, match="skip"):
        spec(axes={"steps": [1, 2]}, skip=[{"steps": [1, 2]}]).cells()


def test_a_placeholder_may_not_hide_a_column_of_the_table():
    from dwlab.metrics import NAMES
    from dwlab.params import FIELDS
    from dwlab.results import COLUMNS
    from dwlab.sweep import TAKEN

    assert (set(COLUMNS) | {*NAMES, "nan"}) - FIELDS == TAKEN
    with pytest.raises(InvalidInput, match="column"):
        spec(base={"prompt": "a {status}"}, axes={"status": ["x"]})


def test_an_empty_name_in_a_file_is_the_files_own(tmp_path):
    path = tmp_path / "trial.yaml"
    path.write_text("name:\nbase: {prompt: x}\n")
    assert SweepSpec.from_yaml(path).name == "trial"
