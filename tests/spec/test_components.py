"""Parts from elsewhere in a recipe: what may be written, and what stands in keys and texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dwlab.errors import InvalidInput
from dwlab.spec.components import Component, label, without_paths
from dwlab.spec.params import GenerationParams
from dwlab.spec.sweep import SweepSpec

DIGITS = "ab" * 32


def test_a_vae_may_be_named_in_several_ways_that_are_one():
    written = [
        GenerationParams.of(prompt="a", vae="models/vae"),
        GenerationParams.of(prompt="a", vae=Path("models/vae")),
        GenerationParams.of(prompt="a", vae={"model": "models/vae"}),
        GenerationParams.of(prompt="a", components={"vae": "models/vae"}),
    ]
    assert len(set(written)) == 1
    assert written[0].as_dict()["vae"] == "models/vae"
    assert "components" not in written[0].as_dict()


def test_a_recipe_comes_back_from_its_text():
    params = GenerationParams.of(
        prompt="a",
        vae={"model": "models/vae", "weights": DIGITS},
        components={"unet": "models/unet", "text_encoder": ""},
    )
    assert GenerationParams.of(**json.loads(params.canonical())) == params
    assert [part.part for part in params.parts] == ["vae", "unet"]


def test_no_part_from_elsewhere_is_the_same_as_leaving_it_out():
    plain = GenerationParams.of(prompt="a")
    for empty in ({"vae": ""}, {"vae": None}, {"components": {}}, {"components": {"vae": None}}):
        assert GenerationParams.of(prompt="a", **empty) == plain


def test_paths_are_in_no_key():
    first = GenerationParams.of(prompt="a", vae="one", components={"unet": "two"})
    assert first.key("w", "float32") == GenerationParams.of(prompt="a").key("w", "float32")
    assert first.choice != GenerationParams.of(prompt="a").choice


def test_parts_are_axes_with_and_without_dots():
    sweep = SweepSpec(
        "parts",
        base={"prompt": "a", "components": {"text_encoder": "t"}},
        axes={"vae": [None, "v1", "v2"], "components.unet": ["", "u1"]},
    )
    cells = [cell.params for cell in sweep.cells()]
    assert len(cells) == 6
    named = [tuple(part.model for part in params.parts) for params in cells]
    assert named[0] == ("t",)
    assert named[-1] == ("v2", "t", "u1")
    assert sweep.override({"vae": "v3"}).count() == 2


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"vae": 3}, "vae"),
        ({"vae": {"folder": "x"}}, "vae.folder"),
        ({"vae": "a\nb"}, "vae.model"),
        ({"vae": {"weights": "short"}}, "vae.weights"),
        ({"components": ["unet"]}, "components"),
        ({"components": {"../unet": "x"}}, "components"),
        ({"components": {"unet": 3}}, "components.unet"),
        ({"vae": "a", "components": {"vae": "b"}}, "components.vae"),
    ],
)
def test_errors_name_the_entry(values, field):
    with pytest.raises(InvalidInput) as caught:
        GenerationParams.of(prompt="a", **values)
    assert caught.value.field == field


def test_others_read_a_commit_of_the_hub_and_no_path():
    commit = f"owner/name/vae@{'0' * 40}"
    assert without_paths(Component("vae", commit, DIGITS)).model == commit
    for private in ("/home/me/vae", "owner/name", "owner/name@main"):
        assert without_paths(Component("vae", private, DIGITS)).model == ""


def test_labels_are_short():
    assert label("vae", None) == "the model's"
    assert label("vae", "models/vae-ft-mse") == "vae-ft-mse"
    assert label("components.unet", "models/other/unet") == "other/unet"
    assert label("vae", {"weights": DIGITS}) == DIGITS[:10]
    assert label("components", {"unet": "models/x", "vae": "y"}) == "unet x + vae y"
