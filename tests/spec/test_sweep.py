"""A sweep says what it holds, and refuses mistakes by name before anything loads."""

from __future__ import annotations

import pytest
from sweeps import spec

from dwlab.errors import InvalidInput
from dwlab.runs.sweep import Sweep
from dwlab.spec.sweep import SweepSpec


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


def test_a_sweep_of_too_many_cells_is_refused_with_their_number():
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


def test_a_sweep_of_no_cells_is_refused():
    with pytest.raises(InvalidInput, match="skip"):
        spec(axes={"steps": [1, 2]}, skip=[{"steps": [1, 2]}]).cells()


def test_a_sweep_of_more_than_a_hundred_axes_is_refused():
    axes = {f"call.a{k}": [1] for k in range(101)}
    with pytest.raises(InvalidInput, match="101 axes"):
        spec(axes=axes)


def test_a_list_in_base_is_refused_with_a_pointer_to_axes():
    for value in ([2, 4], {"range": [2]}):
        with pytest.raises(InvalidInput, match=r"base\.steps.*axes"):
            spec(base={"prompt": "x", "steps": value})


def test_an_empty_base_value_is_the_models_own_and_an_axis_wins_over_base():
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


def test_an_argument_of_the_call_given_in_two_places_is_refused():
    with pytest.raises(InvalidInput, match=r"base\.call\.eta"):
        spec(base={"prompt": "x", "call": {"eta": 0}, "call.eta": 1})
    with pytest.raises(InvalidInput, match=r"axes\.call\.eta"):
        spec(axes={"call": [{"eta": 0}, {}], "call.eta": [0, 1]})


def test_a_model_in_base_is_the_sweeps_model():
    assert spec(base={"prompt": "x", "model": "sdxl"}).model == "sdxl"
    assert (
        spec(base={"prompt": "x", "model": "sdxl"})
        .override({"model": None})
        .cells()[0]
        .params.model
        == "shapes"
    )


def test_an_empty_list_of_metrics_does_not_mean_all_metrics():
    assert SweepSpec.from_dict(spec(metrics=[]).as_dict()).metrics == []
    assert SweepSpec.from_dict(spec().as_dict()).metrics is None


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


def test_a_sweep_without_a_name_is_named_after_its_file(tmp_path):
    path = tmp_path / "trial.yaml"
    path.write_text("name:\nbase: {prompt: x}\n")
    assert SweepSpec.from_yaml(path).name == "trial"
