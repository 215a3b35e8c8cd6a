"""Axes make the cells a reader of the file would expect; mistakes are named before anything loads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dwlab.errors import InvalidInput
from dwlab.runs.run import Sweep
from dwlab.spec import no_effect
from dwlab.spec.axes import values
from dwlab.spec.params import GenerationParams
from dwlab.spec.sweep import SweepSpec


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
        axes={"seed": [0, 1], "scheduler": ["Euler", "Heun"], "steps": [20, 10]},
        zip=[["scheduler", "steps"]],
    ).cells()
    assert {(c.params.scheduler, c.params.steps) for c in cells} == {
        ("EulerDiscreteScheduler", 20),
        ("HeunDiscreteScheduler", 10),
    }
    assert len(cells) == 4


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
    assert [dict(c.params.call) for c in cells] == [
        {"clip_skip": 1, "eta": 0},
        {"clip_skip": 1, "eta": 0.5},
    ]
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
        axes={
            "seed": {"range": [0, 10**6]},
            "steps": {"range": [1, 1001]},
            "guidance": {"linspace": [0, 9, 1000]},
        }
    )
    assert huge.count() == 10**12


def test_repeated_combinations_are_one_cell_and_are_warned_of():
    swept = spec(axes={"scheduler": ["Euler", "EulerDiscreteScheduler"], "seed": [0, 1]})
    cells = swept.cells()
    assert len(cells) == 2
    assert any("repeat" in w for w in no_effect.warnings(swept, cells))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"axes": {"guidance": [0, 1, 5]}}, "guidance 0, 1"),
        (
            {"base": {"prompt": "x", "guidance": 1}, "axes": {"negative_prompt": ["", "red"]}},
            "negative_prompt has no effect",
        ),
        (
            {"base": {"prompt": "x", "scheduler": "Euler"}, "axes": {"call.eta": [0, 1]}},
            "call.eta has no effect",
        ),
        (
            {
                "base": {"prompt": "x", "scheduler": "Euler"},
                "axes": {"call": [{"eta": 0}, {"eta": 1}]},
            },
            "call.eta has no effect on EulerDiscreteScheduler",
        ),
        (
            {"base": {"prompt": "x", "scheduler": "LCM"}, "axes": {"call.eta": [0, 1]}},
            "call.eta has no effect",
        ),
        (
            {
                "base": {"prompt": "x", "negative_prompt": "no {c}", "guidance": 1},
                "axes": {"c": ["red", "blue"]},
            },
            "negative_prompt has no effect",
        ),
        ({"axes": {"steps": [1, 2]}, "skip": [{"steps": 9}]}, "drops nothing"),
        (
            {"axes": {"steps": [1, 2]}, "skip": [{"steps": 1}, {"steps": 2, "seed": 5}]},
            "{'steps': 2, 'seed': 5}",
        ),
    ],
)
def test_what_cannot_matter_is_warned_of_and_kept(parts, words):
    swept = spec(**parts)
    cells = swept.cells()
    assert any(words in w for w in no_effect.warnings(swept, cells))
    assert len(cells) == swept.count()


def test_a_sound_sweep_has_no_warnings():
    swept = spec(
        axes={"guidance": [1, 5], "steps": [2, 4], "negative_prompt": ["", "red"]},
        skip=[{"guidance": 1, "negative_prompt": "red"}],
    )
    assert no_effect.warnings(swept, swept.cells()) == []
    deaf = spec(
        axes={"scheduler": ["DDIM", "DDIM", "Euler"], "call.eta": [0, 1, 0]},
        zip=[["scheduler", "call.eta"]],
    )  # no eta varies where it is not heard
    assert no_effect.warnings(deaf, deaf.cells()) == []


SPELLED = {"num_inference_steps": [10, 20], "cfg": [3, 7]}


def test_both_spellings_are_understood_everywhere():
    zipped = spec(axes=SPELLED, zip=[["num_inference_steps", "guidance_scale"]])
    assert [(c.params.steps, c.params.guidance) for c in zipped.cells()] == [(10, 3), (20, 7)]
    swept = spec(
        axes=SPELLED,
        skip=[{"num_inference_steps": 10, "guidance": {"above": 3}}, {"steps": 20, "cfg": 3}],
    )
    assert [(c.params.steps, c.params.guidance) for c in swept.cells()] == [(10, 3), (20, 7)]
    assert (
        swept.override({"guidance_scale": [3, 9]}).count()
        == zipped.override({"guidance": [2, 5]}).count()
        == 2
    )
    for again in (swept, zipped):
        assert SweepSpec.from_dict(again.as_dict()).cells() == again.cells()
    for parts in (
        {"skip": [{"cfg": 3, "guidance": 7}]},
        {"base": {"prompt": "x", "steps": 1, "num_inference_steps": 1}},
    ):
        with pytest.raises(InvalidInput, match="twice"):
            spec(axes={"guidance": [3, 7]}, **parts)


@pytest.mark.parametrize(
    "rule",
    ["Heun", "heun", "HeunDiscreteScheduler", ["PNDM", "HEUN"], {"not": ["DDIM", "Euler_a"]}],
)
@pytest.mark.parametrize("axis", ["Heun", "heun", "HeunDiscreteScheduler"])
def test_a_rule_means_a_scheduler_whatever_its_spelling(rule, axis):
    swept = spec(axes={"scheduler": [axis, "DDIM", "Euler a"]}, skip=[{"scheduler": rule}])
    assert [c.axes["scheduler"] for c in swept.cells()] == ["DDIM", "Euler a"]


def test_a_rule_for_a_scheduler_leaves_those_with_other_options():
    names = ["DPM++ 2M", "DPM++ 2M Karras", "DPMSolverMultistepScheduler"]
    swept = spec(axes={"scheduler": names}, skip=[{"scheduler": "dpm++2m"}])
    assert [c.axes["scheduler"] for c in swept.cells()] == ["DPM++ 2M Karras"]
    with pytest.raises(InvalidInput, match=r"skip\[0\]\.scheduler\.not is 'Huen'.*Heun"):
        spec(axes={"scheduler": ["Heun", "DDIM"]}, skip=[{"scheduler": {"not": "Huen"}}])


def test_a_rule_takes_numbers_by_value_and_truth_apart_from_them():
    def left(rule, **axes):
        return [tuple(c.axes.values()) for c in spec(axes=axes, skip=[rule]).cells()]

    assert left({"steps": 3.0}, steps=[3, 4]) == left({"steps": 3}, steps=[3.0, 4]) == [(4,)]
    assert left({"steps": {"not": (3, 4.0)}}, steps=[3, 4, 5]) == [(3,), (4,)]
    assert left({"seed": True}, seed=[0, 1]) == [(0,), (1,)]
    name = "scheduler_options.use_karras_sigmas"
    assert left({name: 1}, **{name: [True, False]}) == [(True,), (False,)]
    assert left({name: {"above": 0}}, **{name: [True, False]}) == [(True,), (False,)]
    assert left({name: True}, **{name: [True, False]}) == [(False,)]


def test_a_rule_sees_into_the_maps_of_the_base():
    base = {"prompt": "x", "call": {"eta": 0.5}}
    swept = spec(
        base=base,
        axes={"scheduler": ["DDIM", "Euler"]},
        skip=[{"call.eta": {"above": 0}, "scheduler": "Euler"}],
    )
    assert [c.axes["scheduler"] for c in swept.cells()] == ["DDIM"]


def test_a_rule_may_not_ask_for_seeds_that_nobody_knows_yet():
    with pytest.raises(InvalidInput, match=r"skip\[0\]\.seed"):
        spec(axes={"seed": {"random": 2}}, skip=[{"seed": {"above": 5}}])


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
def test_a_placeholder_that_is_another_thing_already_is_refused(word, said):
    with pytest.raises(InvalidInput, match=f"prompt is .*{word}.*another word.*{said}"):
        spec(base={"prompt": f"a {{{word}}}"}, axes={word: [1, 2]})


def test_a_list_in_base_is_sent_to_the_axes():
    for value in ([2, 4], {"range": [2]}):
        with pytest.raises(InvalidInput, match=r"base\.steps.*axes"):
            spec(base={"prompt": "x", "steps": value})


def test_nothing_in_base_is_the_models_own_and_an_axis_wins_over_base():
    nothing = spec(
        base={
            "prompt": "x",
            "steps": None,
            "negative_prompt": None,
            "seed": None,
            "scheduler": None,
        }
    )
    assert nothing.cells() == spec(base={"prompt": "x"}).cells()
    both = spec(base={"prompt": "x", "steps": 9}, axes={"num_inference_steps": [1, 2]})
    assert [c.params.steps for c in both.cells()] == [1, 2]
    assert [c.params.steps for c in both.override({"steps": None}).cells()] == [20]


def test_one_argument_of_the_call_is_said_once():
    with pytest.raises(InvalidInput, match=r"base\.call\.eta"):
        spec(base={"prompt": "x", "call": {"eta": 0}, "call.eta": 1})
    with pytest.raises(InvalidInput, match=r"axes\.call\.eta"):
        spec(axes={"call": [{"eta": 0}, {}], "call.eta": [0, 1]})


def test_no_metrics_are_not_all_metrics():
    assert SweepSpec.from_dict(spec(metrics=[]).as_dict()).metrics == []
    assert SweepSpec.from_dict(spec().as_dict()).metrics is None


def test_a_model_in_base_is_the_sweeps_model():
    assert spec(base={"prompt": "x", "model": "sdxl"}).model == "sdxl"
    assert (
        spec(base={"prompt": "x", "model": "sdxl"})
        .override({"model": None})
        .cells()[0]
        .params.model
        == "shapes"
    )


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


def test_placeholders_come_and_go_with_the_prompt():
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


def test_an_override_of_none_gives_the_models_own():
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
def test_an_override_of_the_call_takes_the_place_of_what_it_names(base, axes, changes, calls):
    cells = spec(base={"prompt": "x", **base}, axes=axes).override(changes).cells()
    assert [dict(c.params.call) for c in cells] == calls


def test_one_override_says_one_thing_once():
    for changes in ({"call": {"eta": 1}, "call.eta": 0}, {"steps": 1, "num_inference_steps": 2}):
        with pytest.raises(InvalidInput, match=r"overrides\..* only one (place|spelling)"):
            spec().override(changes)


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


def test_the_metric_to_rank_by_is_kept_and_must_be_one_that_the_sweep_measures(tmp_path):
    spec = Sweep("ranked", base={"prompt": "a star"}, axes={"steps": [2]}, metric="sharpness")
    assert spec.override({"steps": [4]}).metric == "sharpness"
    assert Sweep.from_dict(spec.as_dict()) == spec
    assert "metric" not in Sweep("plain", base={"prompt": "a star"}).as_dict()
    for metric, metrics in (("beauty", None), ("found_shape", None), ("contrast", ["sharpness"])):
        wrong = Sweep("ranked", base={"prompt": "a star"}, metric=metric, metrics=metrics)
        with pytest.raises(InvalidInput, match=r"^metric is "):
            wrong.plan(tmp_path)
        with pytest.raises(InvalidInput, match=r"^metric is "):
            wrong.run(tmp_path)
    with pytest.raises(InvalidInput, match=r"^metric is \['adherence'\]"):
        Sweep("ranked", base={"prompt": "a star"}, metric=["adherence"])


@pytest.mark.parametrize("name", ["status", "adherence", "stars", "nan", "name"])
def test_a_placeholder_may_not_hide_a_column_of_the_table(name):
    with pytest.raises(InvalidInput, match="column"):
        spec(base={"prompt": f"a {{{name}}}"}, axes={name: ["x"]})


def test_an_empty_name_in_a_file_is_the_files_own(tmp_path):
    path = tmp_path / "trial.yaml"
    path.write_text("name:\nbase: {prompt: x}\n")
    assert SweepSpec.from_yaml(path).name == "trial"


VALUES = {
    "seed": [0, 3, 3.0, 2**40], "steps": [2, 5, 9.0], "guidance": [1, 1.0, 7.5], "scheduler": ["DDIM", "Euler Karras", None],
    "width": [64, None, 128], "dtype": ["auto", "float32"], "colour": ["red", "{blue}", 3], "call.eta": [0.0, 0.5],
    "negative_prompt": ["", "{colour}"],
}  # fmt: skip


@given(st.permutations(list(VALUES)), st.integers(2, 5), st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_cell_is_what_it_would_be_as_a_sweep_of_its_own(names, count, zipped):
    """Cells are made from the cell before where most of them is the same."""
    axes = {name: VALUES[name] for name in names[:count]} | {"colour": VALUES["colour"]}
    pairs = [["seed", "seed2"]] if zipped and "seed" in axes else []
    base = {
        "prompt": "a {colour} {seed2} thing" if pairs else "a {colour} thing",
        "call": {"clip_skip": 1},
    }
    axes |= {"seed2": [1, 2, 3, 4]} if pairs else {}
    for cell in SweepSpec("whole", base=base, axes=axes, zip=pairs).cells():
        (own,) = SweepSpec(
            "own", base=base, axes={name: [value] for name, value in cell.axes.items()}
        ).cells()
        assert own.params == cell.params and own.params.canonical() == cell.params.canonical()
