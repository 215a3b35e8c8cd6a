"""Benchmarks in words: axes, rules, and the configurations they make."""

from __future__ import annotations

import contextlib
import json
import random

import pytest
from bench.test_files import mutated

from dwlab.bench.configuration import Configuration
from dwlab.bench.spec import BenchSpec
from dwlab.errors import InvalidInput
from dwlab.models.settings import Settings


def test_axes_make_configurations_and_devices_come_from_the_machine():
    spec = BenchSpec(
        "b",
        base={"size": 64},
        axes={"dtype": ["float32", "bfloat16"], "batch": [1, 2], "compile": [False]},
    )
    made = spec.configurations(["cpu", "mps"])
    assert [(c.device, c.params.dtype, c.batch) for c in made][:3] == [
        ("cpu", "float32", 1),
        ("cpu", "float32", 2),
        ("cpu", "bfloat16", 1),
    ]
    assert len(made) == 8 and made[0].params.width == made[0].params.height == 64
    assert made[0].settings.compile == "none" and len({c.id for c in made}) == 8
    assert Configuration.of(json.loads(json.dumps(made[5].as_dict()))) == made[5]


def test_rules_skip_combinations_and_zipped_axes_move_together():
    spec = BenchSpec(
        "b",
        axes={
            "device": ["cpu"],
            "dtype": ["float32", "bfloat16"],
            "batch": [1, 2],
            "steps": [2, 4],
        },
        zip=[["batch", "steps"]],
        skip=[{"dtype": "bfloat16", "batch": 2}],
    )
    assert [(c.params.dtype, c.batch, c.params.steps) for c in spec.configurations([])] == [
        ("float32", 1, 2),
        ("float32", 2, 4),
        ("bfloat16", 1, 2),
    ]
    assert {c.params.dtype for c in spec.vary(dtype=["float16"]).configurations([])} == {"float16"}
    assert spec.vary(dtype=None) == spec


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"axes": {"batch": [0]}}, "batch"),
        ({"axes": {"batch": [True]}}, "batch"),
        ({"axes": {"warp": [9]}}, "axes.warp"),
        ({"base": {"attention": "fast"}}, "attention"),
        ({"base": {"threads": 0}}, "threads"),
        ({"base": {"channels_last": "yes"}}, "channels_last"),
        ({"base": {"size": 64, "width": 64}}, "size"),
        ({"base": {"steps": 0}}, "steps"),
        ({"rounds": 0}, "rounds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"timeout": -1}, "timeout"),
        ({"parity": "fid"}, "parity"),
        ({"axes": {"seed": {"random": 3}}}, "axes.seed"),
        ({"base": ["steps"]}, "base"),
        ({"axes": {"batch": {"range": [1, 1000]}}}, "axes"),
        ({"axes": {"batch": [1]}, "skip": [{"batch": 1}]}, "skip"),
        ({"base": {"device": 7}}, "device"),
        ({"base": {"loras": [{"file": "x.safetensors"}]}}, "base.loras"),
        ({"axes": {"vae": ["x"]}}, "axes.vae"),
        # only stock calls are measured
        ({"axes": {"accelerate": ["none", {"deep_cache": 2}]}}, "axes.accelerate"),
        ({"base": {"method": "own.py:draw"}}, "base.method"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_key(values, field):
    with pytest.raises(InvalidInput) as caught:
        BenchSpec("b", **values).configurations(["cpu"])
    assert caught.value.field == field


def test_a_file_with_an_unknown_key_is_refused(tmp_path):
    path = tmp_path / "bench-x.yaml"
    path.write_text("rounds: 2\nbase: {steps: 3}\n")
    assert (BenchSpec.from_yaml(path).name, BenchSpec.from_yaml(path).rounds) == ("bench-x", 2)
    path.write_text("runds: 2\n")
    with pytest.raises(InvalidInput, match="runds"):
        BenchSpec.from_yaml(path)


def test_a_spoiled_benchmark_gets_a_message_and_never_a_traceback(tmp_path):
    document = {
        "name": "b",
        "base": {"model": "shapes", "steps": 2},
        "axes": {"dtype": ["float32"], "batch": [1, 4]},
        "zip": [["dtype", "batch"]],
        "skip": [{"batch": 4}],
        "rounds": 2,
        "warmup": 1,
        "iterations": 2,
        "seconds": 1,
    }
    rng = random.Random(14)
    for _ in range(200):
        path = tmp_path / "b.yaml"
        path.write_text(json.dumps(mutated(document, rng)))
        with contextlib.suppress(InvalidInput):
            BenchSpec.from_yaml(path).configurations(["cpu"])


def test_measures_that_save_memory_are_settings_of_every_configuration():
    spec = BenchSpec("b", axes={"offload": ["none", "model"], "dtype": ["float32", "bfloat16"]})
    changed = spec.with_measures(["model-offload", "vae-tiling"])
    settings = {configuration.settings for configuration in changed.configurations(["cuda"])}
    assert settings == {Settings(offload="model", tiling=True)}
    assert len(changed.configurations(["cuda"])) == 2
    with pytest.raises(InvalidInput, match="a benchmark says what it measures"):
        spec.with_measures(["auto"])
