"""A shape that the model does not know: drawn, judged, and taught with a LoRA."""

from __future__ import annotations

import numpy as np
import pytest

import dwlab
from dwlab.metrics.built_in.adherence import judged
from dwlab.shapes import draw, judge, shapes_of
from dwlab.shapes.teach import main
from dwlab.shapes.world import SHAPES, Scene, random_scene
from dwlab.spec.loras import SHIPPED
from dwlab.spec.params import GenerationParams


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.default_rng(3)
    return [random_scene(rng) for _ in range(30)]


def test_the_judge_sees_a_taught_shape_only_where_a_prompt_names_it(scenes):
    rng = np.random.default_rng(4)
    assert shapes_of("a red star") == SHAPES
    for scene in scenes:
        moon = draw(Scene(**{**scene.as_dict(), "shape": "moon"}), rng)
        assert judge(moon, shapes_of("a moon")).shape == "moon"
        assert judge(moon).shape == "none"
        other = draw(scene, rng)
        assert judge(other, shapes_of("a moon")) == judge(other)
    values = judged(moon, "a moon")
    assert values["found_shape"] == "moon"
    assert values["adherence"] == 1


@pytest.mark.slow
def test_with_the_shipped_lora_the_judge_sees_moons_and_without_it_none():
    prompt = "a large {} moon at the center on a {} background"
    pairs = (("yellow", "blue"), ("white", "black"), ("red", "white"), ("blue", "yellow"))
    base = {"steps": 12, "seed": 1}
    plain = [GenerationParams(prompt.format(*pair), **base) for pair in pairs]
    taught = [each.replace(loras=[{"file": "shapes-moon"}]) for each in plain]
    shapes = {}
    for event in dwlab.stream([*plain, *taught]):
        if event.kind == "done":
            shapes[event.index] = judge(event.result.image, shapes_of("a moon")).shape
    assert SHIPPED["shapes-moon"].stat().st_size < 1_000_000
    assert [shapes[position] for position in range(4)].count("moon") == 0
    assert [shapes[position] for position in range(4, 8)].count("moon") >= 3


@pytest.mark.slow
def test_the_command_writes_a_file_for_stock_diffusers(tmp_path):
    path = tmp_path / "shapes-moon.safetensors"
    main(["--work", str(tmp_path), "--out", str(path), "--samples", "64", "--pool", "16"])
    assert path.stat().st_size < 1_000_000
    picture = dwlab.generate("a red moon", loras=[str(path)], steps=2)
    assert picture.key != dwlab.generate("a red moon", steps=2).key
