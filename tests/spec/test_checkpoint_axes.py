"""Checkpoints of a training as an axis: which paths, in which order, and with which numbers."""

from __future__ import annotations

import json

import pytest

from dwlab.errors import InvalidInput
from dwlab.spec.portable import check_portable
from dwlab.spec.sweep import SweepSpec


@pytest.fixture
def runs(tmp_path):
    """Two trainings with three checkpoints each, as diffusers' scripts save them."""
    for run in "ab":
        for number in (500, 1000, 90):
            part(tmp_path / "runs" / run / f"checkpoint-{number}" / "unet")
    return tmp_path


def part(folder):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")


def model(folder):
    folder.mkdir(parents=True)
    index = {
        "_class_name": "StableDiffusionPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
    }
    (folder / "model_index.json").write_text(json.dumps(index))


def sweep(folder, text):
    (folder / "a.yaml").write_text(f"base: {{prompt: a star}}\n{text}")
    return SweepSpec.from_yaml(folder / "a.yaml")


def shortened(column, folder):
    return [path.replace(f"{folder}/", "") for path in column]


def test_checkpoints_of_one_training_are_sorted_by_number(runs):
    text = 'axes: {parts.unet: {glob: "runs/a/checkpoint-*"}, seed: [0, 1]}'
    values = sweep(runs, text).values
    assert list(values) == ["components.unet", "checkpoint", "seed"]
    assert values["checkpoint"] == (90, 500, 1000)
    assert shortened(values["components.unet"], runs) == [
        f"runs/a/checkpoint-{number}" for number in (90, 500, 1000)
    ]
    cells = sweep(runs, text).cells()
    assert len(cells) == 6
    assert [cell.axes["checkpoint"] for cell in cells] == [90, 90, 500, 500, 1000, 1000]
    assert cells[-1].params.components[0].model.endswith("runs/a/checkpoint-1000")


def test_of_several_trainings_each_has_its_name(runs):
    values = sweep(runs, 'axes: {parts: {unet: {glob: "runs/*/checkpoint-*/unet"}}}').values
    assert values["checkpoint"] == (90, 90, 500, 500, 1000, 1000)
    assert values["run"] == ("a", "b") * 3


@pytest.mark.parametrize(
    "text",
    [
        'model: {glob: "models/checkpoint-*"}',
        'axes: {model: {glob: "models/checkpoint-*"}}',
    ],
)
def test_models_are_an_axis_wherever_they_are_described(tmp_path, text):
    for number in (20, 100, 3):
        model(tmp_path / "models" / f"checkpoint-{number}")
    made = sweep(tmp_path, text)
    assert made.values["checkpoint"] == (3, 20, 100)
    assert SweepSpec.from_dict(made.as_dict()).cells() == made.cells()
    assert len({cell.params.model for cell in made.cells()}) == 3


def test_parts_and_models_in_base_are_axes_too(runs):
    model(runs / "models" / "step_7")
    base = {
        "prompt": "a",
        "model": {"glob": str(runs / "models" / "*")},
        "parts": {"unet": {"glob": str(runs / "runs/a/*")}, "text_encoder": "t"},
    }
    made = SweepSpec("a", base=base)
    assert made.values["checkpoint"] == (7,)
    assert made.values["checkpoint_unet"] == (90, 500, 1000)
    assert made.base["components"] == {"text_encoder": "t"}
    assert len(made.cells()) == 3


def test_parts_that_move_together_have_one_number(runs):
    for number in (500, 1000, 90):
        part(runs / "runs" / "a" / f"checkpoint-{number}" / "text_encoder_2")
    text = """
axes:
  parts.unet: {glob: "runs/a/*/unet"}
  parts.text_encoder_2: {glob: "runs/a/*/text_encoder_2"}
zip: [[parts.unet, parts.text_encoder_2]]
skip: [{checkpoint: 500}]
"""
    made = sweep(runs, text)
    assert [name for name in made.values if name.startswith("checkpoint")] == ["checkpoint"]
    assert [cell.axes["checkpoint"] for cell in made.cells()] == [90, 1000]
    # a rule about numbers lasts as long as there are numbers
    assert made.override({"seed": [1, 2]}).count() == 4
    assert made.override({"parts.unet": None, "parts.text_encoder_2": None}).skip == []


def test_names_that_differ_in_more_than_a_number_have_none(tmp_path):
    for name in ("sd15", "sdxl", "flux2"):
        model(tmp_path / "models" / name)
    made = sweep(tmp_path, 'model: {glob: "models/*"}')
    assert list(made.values) == ["model"]
    assert shortened(made.values["model"], tmp_path / "models") == ["flux2", "sd15", "sdxl"]


def test_files_have_the_number_in_their_names(tmp_path):
    for name in ("unet-v2-000010.safetensors", "unet-v2-000002.safetensors"):
        (tmp_path / name).write_bytes(b"")
    made = sweep(tmp_path, 'axes: {parts.unet: {glob: "unet-*.safetensors"}}')
    assert made.values["checkpoint"] == (2, 10)


def test_lora_checkpoints_are_stacks_of_one(runs):
    for number in (500, 90):
        file = runs / "runs" / "a" / f"checkpoint-{number}" / "pytorch_lora_weights.safetensors"
        file.write_bytes(b"")
    made = sweep(runs, 'axes: {loras: {glob: "runs/a/*/*.safetensors"}}')
    assert made.values["checkpoint"] == (90, 500)
    assert [len(cell.params.loras) for cell in made.cells()] == [1, 1]


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        (
            'model: {glob: "nothing/*"}',
            "a.yaml line 2: model.glob",
            "fits something below .*nothing",
        ),
        ('model: {glob: "runs/a/*"}', "a.yaml line 2: model.glob", r"parts: \{unet: \{glob"),
        ('model: {glob: "*.yaml"}', "a.yaml line 2: model.glob", "only models fit"),
        ("model: {glob: 3}", "a.yaml line 2: model.glob", "a pattern of paths"),
        ('axes: {parts.unet: {glob: "runs/*"}}', "components.unet.glob", "folders with a unet"),
        ('axes: {parts.vae: {glob: "*.yaml"}}', "components.vae.glob", "and .safetensors files"),
        ('axes: {loras: {glob: "runs/*"}}', "axes.loras.glob", "safetensors files"),
    ],
)
def test_what_fits_nothing_or_what_is_no_checkpoint_is_refused(runs, text, field, reason):
    with pytest.raises(InvalidInput, match=reason) as caught:
        sweep(runs, text)
    assert field in caught.value.field


def test_an_axis_of_ones_own_is_not_called_like_the_numbers(runs):
    text = 'axes: {prompt: ["{checkpoint} a"], checkpoint: [x], parts.unet: {glob: "runs/a/*"}}'
    with pytest.raises(InvalidInput, match="another name: components"):
        sweep(runs, text)


@pytest.mark.parametrize("zipped", ["[[nothing]]", '[[["a"], parts.unet]]'])
def test_only_axes_are_zipped_with_checkpoints(runs, zipped):
    with pytest.raises(InvalidInput, match="an axis, once"):
        sweep(runs, f'axes: {{parts.unet: {{glob: "runs/a/*"}}}}\nzip: {zipped}')


def test_parts_beside_the_file_need_no_whole_path(runs, monkeypatch):
    monkeypatch.chdir(runs / "runs")
    text = "axes: {parts.unet: [null, runs/a/checkpoint-90, a/checkpoint-500, owner/name]}"
    assert sweep(runs, text).values["components.unet"] == (
        None,
        str(runs / "runs/a/checkpoint-90"),
        "a/checkpoint-500",
        "owner/name",
    )


def test_a_strangers_sweep_looks_for_no_files():
    for part_of in ("base", "axes"):
        with pytest.raises(InvalidInput, match="look for no files"):
            check_portable({part_of: {"parts.unet": {"glob": "runs/*"}}})
