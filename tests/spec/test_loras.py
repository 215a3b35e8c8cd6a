"""LoRA stacks in a recipe: how they are written, swept, and kept out of keys."""

from __future__ import annotations

import json

import pytest

from dwlab.errors import InvalidInput
from dwlab.spec.key import key_document
from dwlab.spec.loras import Lora, checked_stack, label
from dwlab.spec.params import GenerationParams
from dwlab.spec.sweep import SweepSpec

INK = {"file": "loras/ink.safetensors", "weight": 0.5}
OIL = {"file": "loras/v1.5 oil.safetensors"}


def sweep(axes, stack=(INK, OIL), **more):
    base = {"prompt": "a star", "loras": list(stack)}
    return SweepSpec("sweep", base=base, axes=axes, **more)


def stacks(spec):
    return [label(cell.params.loras) for cell in spec.cells()]


def test_a_stack_is_written_as_maps_or_file_names():
    stack = checked_stack("loras", [INK, "oil.safetensors", Lora("wax.safetensors", name="w")])
    assert [(lora.name, lora.weight) for lora in stack] == [("ink", 0.5), ("oil", 1), ("w", 1)]


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        ("ink.safetensors", "loras is 'ink.safetensors'; allowed: a list like"),
        ({"file": "x"}, "loras is {'file': 'x'}"),
        ([7], r"loras\[0\] is 7"),
        ([{}], r"loras\[0\].file is ''"),
        ([{"file": 7}], r"loras\[0\].file is 7"),
        ([{"file": "a\0b"}], r"loras\[0\].file"),
        ([{"file": "x" * 1001}], r"loras\[0\].file"),
        ([{"file": "x" * 101}], "at most 100 characters"),
        ([{"file": "x", "scale": 1}], r"loras\[0\].scale is 1; allowed: one of file, weight"),
        ([{"file": "x", "weight": "0.8"}], "without quotes"),
        ([{"file": "x", "weight": True}], r"loras\[0\].weight is True"),
        ([{"file": "x", "weight": float("nan")}], r"loras\[0\].weight is nan"),
        ([{"file": "x", "weight": 10.5}], "from -10 to 10"),
        ([INK, {"file": "x", "weight": None}], r"loras\[1\].weight is None"),
        ([INK, {**INK, "weight": 1}], r"loras\[1\].name is 'ink'; allowed: a name that no other"),
        ([{"file": "x", "sha256": "abc"}], "64 digits"),
        ([{"file": f"{n}"} for n in range(33)], "at most 32"),
    ],
)
def test_what_is_not_a_stack_is_refused_by_its_place(stack, words):
    with pytest.raises(InvalidInput, match=words):
        GenerationParams("a star", loras=stack)


def test_weights_are_axes_also_for_names_with_dots():
    spec = sweep({"loras.ink.weight": [0, 1], "loras.v1.5 oil.weight": {"linspace": [0, 1, 2]}})
    assert stacks(spec) == [
        "ink 0 + v1.5 oil 0",
        "ink 0 + v1.5 oil 1",
        "ink 1 + v1.5 oil 0",
        "ink 1 + v1.5 oil 1",
    ]


def test_a_whole_stack_may_be_an_axis():
    spec = sweep({"loras": [[], [INK], [INK, OIL]]})
    assert stacks(spec) == ["none", "ink 0.5", "ink 0.5 + v1.5 oil 1"]


def test_rules_and_zip_groups_know_the_weights():
    axes = {"loras.ink.weight": [0, 1], "seed": [1, 2]}
    assert len(sweep(axes, skip=[{"loras.ink.weight": 1, "seed": 2}]).cells()) == 3
    assert len(sweep(axes, zip=[["loras.ink.weight", "seed"]]).cells()) == 2
    assert len(sweep({"seed": [1, 2]}, skip=[{"loras.ink.weight": 0.5, "seed": 2}]).cells()) == 1


def test_overrides_replace_a_weight_or_the_whole_stack():
    spec = sweep({"loras.ink.weight": [0, 1]})
    assert stacks(spec.override({"loras.ink.weight": 0.3})) == ["ink 0.3 + v1.5 oil 1"]
    assert len(spec.override({"loras.ink.weight": [0, 1, 2]}).cells()) == 3
    assert stacks(spec.override({"loras": [OIL]})) == ["v1.5 oil 1"]
    assert stacks(spec.override({"loras": []})) == ["none"]
    assert len(spec.override({"loras": [[OIL], []]}).cells()) == 2
    assert stacks(SweepSpec.from_dict(spec.as_dict())) == stacks(spec)


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ({"loras.wax.weight": [1]}, r"axes.loras.wax.weight\[0\] .*: loras.ink.weight"),
        ({"loras.ink.weight": [1, "x"]}, r"axes.loras.ink.weight\[1\] is 'x'"),
        ({"loras.ink.file": ["x"]}, "axes.loras.ink.file"),
        ({"loras": [[INK], [{"file": "x", "weight": 99}]]}, r"axes.loras\[1\]\[0\].weight is 99"),
        ({"loras": [INK, OIL]}, r"axes.loras\[0\]"),
        ({"loras": [[]], "loras.ink.weight": [1]}, "loras is an axis too"),
    ],
)
def test_an_axis_that_is_wrong_is_refused_by_its_place(axes, words):
    with pytest.raises(InvalidInput, match=words):
        sweep(axes).cells()


def test_a_key_has_hashes_instead_of_paths_and_names():
    plain = GenerationParams("a star")
    added = GenerationParams("a star", loras=[INK])
    assert "loras" not in plain.as_dict()
    assert added.key("w", "float32") == plain.key("w", "float32")
    assert added.key("w", "float32", adapters="x") != plain.key("w", "float32")
    assert "ink" not in json.dumps(key_document(added, "w", "float32", adapters="x"))


def test_a_recipe_is_read_back_from_its_own_text():
    params = GenerationParams("a star", loras=[INK, {**OIL, "sha256": "a" * 64}])
    assert GenerationParams(**json.loads(params.canonical())) == params
