"""What `dwlab bench quality` tries with a model, decided before anything loads."""

from __future__ import annotations

import importlib.util
import json
import shutil

import pandas as pd
import pytest
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

import dwlab
from dwlab.bench import files
from dwlab.bench.quality.report import QualityReport
from dwlab.bench.quality.run import report_of
from dwlab.bench.quality.speed import Timed, measure
from dwlab.bench.quality.study import study
from dwlab.cli.app import app
from dwlab.errors import InvalidInput, RenderError
from dwlab.spec.catalog import SHAPES_FOLDER


def names(what):
    return [each.name for each in what.candidates]


def test_all_that_applies_to_a_unet_is_tried_and_nothing_else():
    tried = names(study("shapes", device="cpu"))
    assert tried[0] == "plain"
    assert ("openvino" in tried) == bool(importlib.util.find_spec("openvino"))
    assert {"15 steps", "5 steps", "DPM++ 2M, 10 steps", "deep_cache 3", "guidance_every 2", "guidance_interval 0-0.4"} <= set(tried)  # fmt: skip
    assert not [name for name in tried if "taylorseer" in name or "first_block" in name]
    # needs no library
    assert "float8-layers" in tried
    assert ("quanto-8bit" in tried) == bool(importlib.util.find_spec("optimum"))
    quick = names(study("shapes", device="cpu", quick=True))
    assert len(quick) < len(tried) and not [name for name in quick if "compiled" in name]


def test_a_small_decoder_of_the_users_own_is_tried_if_it_is_named(tmp_path, monkeypatch):
    (tmp_path / "sd").mkdir()
    monkeypatch.setenv("DWLAB_PREVIEWS", str(tmp_path))
    what = study("shapes", device="cpu", only=["tiny decoder"])
    assert names(what) == ["plain", "tiny decoder"]
    assert what.spec.axes["vae"] == [None, str(tmp_path / "sd")]


def test_a_way_of_ones_own_is_named_by_what_differs():
    own = ["{scheduler: LCM, steps: 4, guidance: 1}", "accelerate: {deep_cache: 3, guidance_every: 2}"]  # fmt: skip
    what = study("shapes", device="cpu", only=["deep_cache 3"], also=own)
    assert names(what) == ["plain", "deep_cache 3", "scheduler LCM, steps 4, guidance 1", "accelerate deep_cache 3 + guidance_every 2"]  # fmt: skip
    assert what.spec.axes["guidance"] == [3.0, 3.0, 1, 3.0]
    assert [what.recipe_of(each) for each in what.candidates] == [0, 1, 2, 3]


def test_its_pictures_are_an_ordinary_sweep_with_each_recipe_once():
    what = study("shapes", device="cpu", only=["steps", "deep_cache"], seeds=2, prompts=["a star"])
    cells = what.spec.cells()
    recipes = {tuple(sorted((k, str(v)) for k, v in each.recipe.items())) for each in what.candidates}  # fmt: skip
    assert len(cells) == len(recipes) * 2
    assert what.spec.name == "quality-shapes" and what.spec.metric == "adherence"
    assert set(what.varying) == {"steps", "scheduler", "accelerate"}
    # as a file has it, and back
    assert dwlab.Sweep.from_dict(what.spec.as_dict()).cells() == cells


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": ["warp"]}, "only is 'warp'"),
        ({"device": "warp"}, "device is 'warp'"),
        (
            {"only": ["steps"], "network": "nowhere"},
            "model is 'nowhere'",
        ),
        ({"steps": 0}, "steps is 0"),
        ({"also": ["vae"]}, "also is 'vae'; allowed: a map like {vae: ./taesd}"),
        ({"also": ["seed: 3"]}, "also is 'seed: 3'"),
        ({"also": ["steps: 0"]}, "steps is 0"),
    ],
)
def test_what_cannot_work_is_refused_before_a_model_loads(options, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((InvalidInput, dwlab.errors.ModelError), match=message):
        study("shapes", **({"device": "cpu"} | options))


def test_the_command_refuses_in_one_line():
    done = CliRunner().invoke(app, ["bench", "quality", "shapes", "--margin", "-1"])
    assert done.exit_code != 0 and "margin is -1.0" in done.stderr
    done = CliRunner().invoke(app, ["bench", "quality", "shapes", "--only", "warp"])
    assert "a part of one of the names: 15 steps" in done.stderr


@pytest.mark.slow
def test_a_run_writes_report_chart_and_file_and_goes_on_where_it_was(tmp_path):
    command = [
        "bench", "quality", "shapes", "--only", "8 steps", "--only", "deep_cache 3",
        "--steps", "10", "--prompt", "a large red circle", "--prompt", "a blue star", "--seeds", "2", "--rounds", "2",
        "--pictures", "2", "--device", "cpu", "--results", str(tmp_path),
        # does not draw with such a model
        "--also", "scheduler: FlowMatchEulerDiscreteScheduler",
    ]  # fmt: skip
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "quality-shapes"
    found = QualityReport.of(files.load(folder / "quality.json"))
    assert [row.name for row in found.rows] == ["plain", "8 steps", "deep_cache 3"]
    (failed,) = found.unmeasured.items()
    assert failed[0] == "scheduler Flow match Euler"
    assert failed[1].startswith("4 of 4 pictures failed: AttributeError")
    assert "scheduler Flow match Euler was not measured: 4 of 4" in done.stdout
    plain, eight, cached = found.rows
    assert (plain.rows, eight.rows) == (20, 16) and plain.distances == {}
    assert set(cached.distances) == {"RMS difference of pixels", "ssim.drift", "perceptual_distance.drift"}  # fmt: skip
    assert cached.distances["ssim.drift"].pairs == 4
    assert all(len(row.seconds) == 2 for row in found.rows)
    assert (folder / "quality.png").is_file() and (folder / "report.html").is_file()
    assert "What acceleration changes" in (folder / "report.html").read_text()
    made = dwlab.Results(tmp_path).table("quality-shapes")
    before = made["created"][made["status"] == "ok"].tolist()
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 0, again.output
    made = dwlab.Results(tmp_path).table("quality-shapes")
    assert made["created"][made["status"] == "ok"].tolist() == before
    assert json.loads((folder / "quality.json").read_text())["rows"][1]["name"] == "8 steps"
    compared = CliRunner().invoke(app, ["bench", "compare", str(folder / "quality.json")])
    assert compared.exit_code == 0 and "deep_cache 3" in compared.stdout


@pytest.mark.slow
def test_a_way_that_fails_as_it_warms_up_leaves_the_others_measured():
    what = study("shapes", device="cpu", only=["1 steps"], steps=2, also=["scheduler: FlowMatchEulerDiscreteScheduler"])  # fmt: skip
    failures = {}
    timed = measure(what, rounds=1, pictures=1, failures=failures)
    assert {"plain", "1 steps"} < set(timed) and "init_noise_sigma" in failures["scheduler Flow match Euler"]  # fmt: skip
    with pytest.raises(RenderError, match="init_noise_sigma"):
        measure(what, rounds=1, pictures=1)


def test_a_report_names_a_folder_without_the_path_that_leads_to_it(tmp_path):
    folder = shutil.copytree(SHAPES_FOLDER, tmp_path / "mine")
    plain_only = study(str(folder), device="cpu", only=["1 steps"], steps=2)
    failure = f"OSError: {folder}/unet/config.json is not there"
    report = report_of(
        plain_only, pd.DataFrame(), {"plain": Timed([1.0], [1.0])}, unmeasured={"1 steps": failure}
    )
    assert report.model == report.plain["model"] == "mine"
    assert report.unmeasured == {"1 steps": "OSError: config.json is not there"}
    assert str(tmp_path) not in report.save(tmp_path / "quality.json").read_text()


@pytest.mark.slow
def test_a_file_names_no_path_of_a_model_that_is_compared(tmp_path):
    folder = shutil.copytree(SHAPES_FOLDER, tmp_path / "mine")
    other = shutil.copytree(SHAPES_FOLDER, tmp_path / "other")
    (weights,) = other.glob("unet/*.safetensors")
    save_file({name: 1.01 * part for name, part in load_file(weights).items()}, weights)
    command = [
        "bench", "quality", str(folder), "--only", "1 steps", "--also", f"model: {other}", "--steps", "2",
        "--prompt", "a star", "--seeds", "1", "--rounds", "1", "--pictures", "1", "--device", "cpu", "--results", str(tmp_path),
    ]  # fmt: skip
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    path = tmp_path / "quality-mine" / "quality.json"
    assert files.load(path)["rows"][-1]["recipe"] == {"model": "other"}
    assert str(tmp_path) not in path.read_text()
