"""Why a picture differs: dwlab's own by their records, other tools' by a ladder of switches."""

from __future__ import annotations

import re

import pytest
import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import dwlab
from dwlab.errors import InvalidInput
from dwlab.render import philox
from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.spec.catalog import SHAPES_FOLDER
from dwlab.workflows.why.explanation import explain

SMALL = {"width": 64, "height": 64, "steps": 3}


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """A picture as AUTOMATIC1111 makes it on a GPU: CUDA's noise, k-diffusion's spacing."""
    pipeline = StableDiffusionPipeline.from_pretrained(SHAPES_FOLDER, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = EulerDiscreteScheduler.from_config(
        pipeline.scheduler.config, timestep_spacing="linspace"
    )
    noise = torch.from_numpy(philox.randn(7, (1, 4, 8, 8)))
    image = pipeline(
        "a red circle",
        num_inference_steps=3,
        guidance_scale=3.0,
        width=64,
        height=64,
        latents=noise,
    ).images[0]
    info = PngInfo()
    info.add_text(
        "parameters",
        "a red circle\nSteps: 3, Sampler: Euler, CFG scale: 3, Seed: 7, Size: 64x64, "
        "ENSD: 31337, Version: v1.10.1",
    )
    path = tmp_path_factory.mktemp("foreign") / "theirs.png"
    image.save(path, pnginfo=info)
    return path


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two pictures of a sweep, which differ in guidance."""
    root = tmp_path_factory.mktemp("own")
    base = {"prompt": "a red circle", **SMALL}
    run(Sweep("two", base=base, axes={"guidance": [1, 5]}, metrics=()), results=root)
    return root


def pictures(results):
    table = dwlab.Results(results).table("two")
    return [results / image for image in table["image"]]


def rungs(text):
    """Label -> mean distance, of the ladder in an explanation."""
    ladder = text.partition("after each switch:\n")[2]
    return {
        line.strip().split("  ")[0]: 0.0 if "identical" in line else float(number[1])
        for line in ladder.splitlines()
        if (number := re.search(r"  ([\d.]+) of 255|identical", line))
    }


def test_each_switch_brings_the_picture_nearer_until_it_is_the_other_tool_s(foreign):
    measured = rungs(explain(foreign, model="shapes"))
    ours = measured["as dwlab reads the recipe"]
    noise = measured["+ noise: a1111-cuda"]
    spacing = measured["+ timestep_spacing: linspace"]
    assert ours > noise > spacing
    assert spacing < 0.01
    assert measured["floor: the last one, drawn beside another"] < 1


def test_without_a_model_the_settings_are_judged_and_nothing_is_drawn(foreign):
    text = explain(foreign)
    assert text.startswith("theirs.png was made by AUTOMATIC1111.")
    assert re.search(r"Dwlab makes the same of:\n.*  seed: 7\n", text, re.DOTALL)
    assert re.search(r"Differs by nature:\n  ENSD: 31337\n", text)
    assert "--model" in text
    assert not rungs(text)


def test_two_pictures_of_dwlab_are_compared_by_their_recipes_and_pixels(results):
    text = explain(*pictures(results), results=results)
    assert re.search(r"The distance of the pictures: [\d.]+ of 255 on average", text)
    assert re.search(r"guidance +1\.0 +5\.0", text)
    assert "seed" not in text


def test_a_picture_is_the_same_as_its_copy(results, tmp_path):
    original = pictures(results)[0]
    copy = tmp_path / "copy.png"
    copy.write_bytes(original.read_bytes())
    text = explain(original, copy, results=results)
    assert "The distance of the pictures: identical." in text
    assert "They have the same key" in text


def test_a_picture_of_dwlab_is_told_with_the_versions_of_its_row(results):
    text = explain(pictures(results)[0], results=results)
    assert "was made by dwlab with" in text
    assert re.search(rf"torch +{re.escape(torch.__version__)}", text)
    assert re.search(r"device +cpu", text)


def test_an_own_picture_and_another_tool_s_are_compared(foreign, results):
    text = explain(foreign, pictures(results)[0], results=results)
    assert "The distance of the pictures:" in text
    assert re.search(r"seed +7 +0", text)
    assert "theirs.png was made by AUTOMATIC1111." in text


@pytest.mark.parametrize("second", [False, True])
def test_a_model_is_refused_where_nothing_is_drawn(results, second):
    first, other = pictures(results)
    with pytest.raises(InvalidInput, match="model is 'shapes'; allowed: left out"):
        explain(first, other if second else None, model="shapes", results=results)


def test_a_picture_without_a_recipe_is_refused(tmp_path):
    path = tmp_path / "plain.png"
    Image.new("RGB", (8, 8)).save(path)
    with pytest.raises(InvalidInput, match="a PNG without a recipe"):
        explain(path)
