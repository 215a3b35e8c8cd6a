"""`dwlab.rerun` and the commands: a picture of the embedded model, made again from a PNG or a key."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from start_pictures import half_mask, noise_picture
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.errors import InvalidInput, ModelError
from dwlab.pictures.png import pixel_hash

SMALL = {"width": 64, "height": 64, "steps": 2}


def dw(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A sweep of a LoRA's weight, and one that starts from a picture under a mask."""
    root = tmp_path_factory.mktemp("rerun") / "results"
    folder = tmp_path_factory.mktemp("pictures")
    noise_picture(0, (64, 64)).save(folder / "start.png")
    half_mask(0, (64, 64)).save(folder / "mask.png")
    moon = dwlab.Sweep(
        "moon",
        base={"prompt": "a red moon", "loras": [{"file": "shapes-moon"}], **SMALL},
        axes={"loras.shapes-moon.weight": [0.0, 1.0]},
    )
    masked = dwlab.Sweep(
        "masked",
        base={
            "prompt": "a blue star",
            "image": str(folder / "start.png"),
            "mask": str(folder / "mask.png"),
            "steps": 2,
        },
        axes={"strength": [0.5, 1.0]},
    )
    for sweep in (moon, masked):
        assert list(sweep.run(root, device="cpu")["status"]) == ["ok", "ok"]
    return root


@pytest.fixture
def root(filled, tmp_path):
    return shutil.copytree(filled, tmp_path / "results")


def rows(root, name):
    return dwlab.Results(root).table(name)


@pytest.mark.parametrize("name", ["moon", "masked"])
def test_pictures_with_a_lora_or_a_mask_come_again(filled, name):
    verification = dwlab.Results(filled).verify(name, sample=2)
    assert verification.good
    assert [verdict.outcome.value for verdict in verification.verdicts] == ["exact", "exact"]


def test_a_key_or_its_first_digits_make_the_picture_again(filled):
    row = rows(filled, "moon").iloc[1]
    again = dwlab.rerun(row["key"][:8], results=filled)
    assert again.picture.key == row["key"] and pixel_hash(again.picture.image) == row["pixels"]
    assert "exact" in str(again)


def test_a_png_is_made_again_without_the_results_folder_that_it_comes_from(filled, tmp_path):
    row = rows(filled, "moon").iloc[1]
    path = shutil.copy(filled / row["image"], tmp_path / "moon.png")
    again = dwlab.rerun(path, results=tmp_path / "empty")
    assert again.picture.key == row["key"] and again.verdict.outcome.value == "exact"
    assert not (tmp_path / "empty").exists()


def test_a_png_whose_pixels_were_changed_differs(filled, tmp_path):
    row = rows(filled, "moon").iloc[0]
    with Image.open(filled / row["image"]) as image:
        texts = PngInfo()
        texts.add_text("dwlab", image.info["dwlab"])
        image.point(lambda value: 255 - value).save(tmp_path / "negative.png", pnginfo=texts)
    result = dw("rerun", tmp_path / "negative.png", "--results", filled)
    assert result.exit_code == 1, result.output
    assert "different" in result.stdout and "PSNR" in result.stdout


def test_a_png_whose_recipe_was_changed_is_refused(filled, tmp_path):
    row = rows(filled, "moon").iloc[0]
    with Image.open(filled / row["image"]) as image:
        recipe = json.loads(image.info["dwlab"])
        recipe["params"]["seed"] = 5
        texts = PngInfo()
        texts.add_text("dwlab", json.dumps(recipe))
        image.save(tmp_path / "forged.png", pnginfo=texts)
    with pytest.raises(InvalidInput, match="not altered"):
        dwlab.rerun(tmp_path / "forged.png", results=tmp_path)


def test_a_png_that_names_a_path_as_its_model_is_not_followed(filled, tmp_path):
    row = rows(filled, "moon").iloc[0]
    with Image.open(filled / row["image"]) as image:
        recipe = json.loads(image.info["dwlab"])
        recipe["params"]["model"] = str(tmp_path)
        texts = PngInfo()
        texts.add_text("dwlab", json.dumps(recipe))
        image.save(tmp_path / "path.png", pnginfo=texts)
    with pytest.raises(InvalidInput, match="--model"):
        dwlab.rerun(tmp_path / "path.png", results=tmp_path)
    # the fingerprint is that of `shapes`, whatever the picture calls it
    again = dwlab.rerun(tmp_path / "path.png", results=tmp_path, model="shapes")
    assert again.verdict.outcome.value == "exact"


def test_a_start_picture_that_is_gone_is_named(root):
    row = rows(root, "masked").iloc[0]
    shutil.rmtree(root / "inputs")
    with pytest.raises(ModelError, match="sha256:"):
        dwlab.rerun(row["key"], results=root)


@pytest.mark.parametrize(
    ("named", "remedy"),
    [
        ("0123456", "8 digits"),
        ("moon", "8 digits"),
        ("0" * 64, "finished"),
        ("gone.png", "gone.png"),
    ],
)
def test_what_names_no_picture_is_refused_in_a_line(filled, named, remedy):
    result = dw("rerun", named, "--results", filled)
    assert result.exit_code in (1, 2) and len(result.stderr.splitlines()) == 1
    assert remedy in result.stderr


def test_a_picture_of_another_tool_is_left_to_dwlab_why(filled, tmp_path):
    texts = PngInfo()
    texts.add_text("parameters", "a cat\nSteps: 5, Seed: 1, CFG scale: 7, Sampler: Euler a")
    Image.new("RGB", (8, 8)).save(tmp_path / "cat.png", pnginfo=texts)
    result = dw("rerun", tmp_path / "cat.png", "--results", filled)
    assert result.exit_code == 2 and "dwlab why" in result.stderr


def test_rerun_writes_the_picture_where_it_is_told(filled, tmp_path):
    row = rows(filled, "masked").iloc[0]
    result = dw("rerun", row["key"][:12], "-o", tmp_path / "again.png", "--results", filled)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "again.png").read_bytes() == (filled / row["image"]).read_bytes()


def test_verify_ends_with_1_if_a_picture_is_another_one(root):
    result = dw("verify", "moon", "--sample", 2, "--results", root)
    assert result.exit_code == 0 and "2 exact, 0 different" in result.stdout
    first, second = rows(root, "moon")["image"]
    with closing(sqlite3.connect(root / "dwlab.sqlite")) as file, file:
        size = (root / second).stat().st_size
        file.execute("UPDATE cells SET image = ?, bytes = ? WHERE image = ?", (second, size, first))
    result = dw("verify", "moon", "--sample", 2, "--results", root)
    assert result.exit_code == 1 and "1 exact, 1 different" in result.stdout


def test_a_row_says_on_how_many_threads_of_what_processor_it_was_made(filled):
    versions = json.loads(rows(filled, "moon")["versions"][0])
    assert versions["hardware"] and versions["threads"] >= 1
