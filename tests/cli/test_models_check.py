"""`dwlab models check` and `dwlab convert`: texts, JSON and exit codes."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.spec.catalog import SHAPES_FOLDER


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(SHAPES_FOLDER, tmp_path / "model")


def invoke(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_sound_model_ends_with_zero(folder):
    result = invoke("models", "check", folder)
    assert result.exit_code == 0
    assert "a run would begin" in result.stdout


def test_a_broken_model_ends_with_two_and_names_each_problem(folder):
    (folder / "vae" / "config.json").unlink()
    (folder / "scheduler" / "scheduler_config.json").unlink()
    result = invoke("models", "check", folder)
    assert result.exit_code == 2
    assert "error (missing): vae is missing" in result.stdout
    assert "error (missing): scheduler is missing" in result.stdout
    assert result.stdout.endswith("a run would not begin\n")


def test_the_same_as_json_for_scripts(folder):
    (folder / "vae" / "config.json").unlink()
    result = invoke("models", "check", folder, "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 2
    assert document["fits"] is False
    assert "missing" in {problem["code"] for problem in document["problems"]}
    assert document["facts"]["pipeline"] == "StableDiffusionPipeline"


def test_what_is_neither_a_folder_nor_a_file_is_refused(tmp_path):
    result = invoke("models", "check", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "the path of a folder or file" in result.stderr


def test_converting_what_is_no_pickle_is_refused_in_one_line(tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"x")
    result = invoke("convert", file)
    assert result.exit_code == 2
    assert "is not a pickle" in result.stderr
    assert result.stderr.count("\n") == 1
