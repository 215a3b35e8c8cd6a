"""What becomes of another tool's settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from dwlab.pictures import recipes
from dwlab.pictures.foreign_settings import Group, verdicts

CASES = Path(__file__).parents[1] / "cases" / "png"
START = "a red star\nSteps: 8, Sampler: Euler a, CFG scale: 3.5, Seed: 5, Size: 64x64"


def judged(more, version="v1.10.1"):
    """Setting -> what becomes of it."""
    recipe = recipes.parse(f"{START}, {more}, Version: {version}")
    return {verdict.setting: verdict for verdict in verdicts(recipe)}


@pytest.mark.parametrize(
    ("setting", "group", "words"),
    [
        ("ENSD: 31337", Group.DIFFERS, "ancestral"),
        ("RNG: GPU", Group.SWITCH, "a1111-cuda"),
        ("VAE: vae-ft-mse.safetensors", Group.SWITCH, "`vae:`"),
        ('Lora hashes: "style: abcdef"', Group.SWITCH, "loras:"),
        ("Hires upscale: 2", Group.DIFFERS, "second pass"),
        ("Denoising strength: 0.5", Group.SWITCH, "image:"),
        ("Variation seed: 7", Group.DIFFERS, "mixed"),
        ("Schedule type: SGM Uniform", Group.DIFFERS, "sigmas"),
        ("Model hash: 0123456789, Model: dragon", Group.UNKNOWN, "--model"),
        ("Flux capacitor: 88", Group.UNKNOWN, "does not know"),
    ],
)
def test_each_kind_of_setting_is_judged(setting, group, words):
    name, _, value = setting.split(",")[-1].strip().partition(": ")
    key = name.lower() if name == "Model" else name
    value = value.strip('"')
    verdict = judged(setting)[f"{key}: {value}"]
    assert verdict.group is group
    assert words in verdict.text


def test_the_starting_noise_is_judged_by_the_tool_or_by_what_it_wrote():
    assert judged("Model: x")["starting noise"].group is Group.SWITCH
    assert judged("Model: x", version="ComfyUI")["starting noise"].group is Group.SAME
    assert judged("Model: x", version="9")["starting noise"].group is Group.UNKNOWN
    assert judged("RNG: NV")["noise: a1111-cuda"].group is Group.SAME
    assert "starting noise" not in judged("RNG: CPU")


def test_the_tool_is_known_by_its_version():
    tools = {"v1.10.1": "AUTOMATIC1111", "f2.0.1v1.10.1": "Forge", "ComfyUI": "ComfyUI"}
    for version, tool in tools.items():
        assert recipes.parse(f"{START}, Version: {version}").tool == tool
    assert recipes.parse(f"{START}, App: SD.Next, Version: 0123abc").tool == "SD.Next"
    assert recipes.parse(START).tool == "another tool"


def test_the_parameters_that_were_read_are_the_same():
    recipe = recipes.parse(START)
    same = {verdict.setting for verdict in verdicts(recipe) if verdict.group is Group.SAME}
    assert {"seed: 5", "steps: 8", "scheduler: Euler a", "width: 64"} <= same


@pytest.mark.parametrize("name", ["comfyui", "invokeai5", "swarmui", "sdnext", "novelai"])
def test_the_pictures_of_other_tools_are_judged(name):
    recipe = recipes.read((CASES / f"{name}.png").read_bytes())
    groups = {verdict.setting: verdict.group for verdict in verdicts(recipe)}
    assert groups.keys() & {"starting noise", "noise: cpu"}
    assert groups[f"seed: {recipe.values['seed']}"] is Group.SAME
    assert groups["precision"] is Group.DIFFERS
