"""What `dwlab bench quality` tries with a model, decided before anything loads."""

from __future__ import annotations

import importlib.util
import json

import pytest
from typer.testing import CliRunner

import dwlab
from dwlab.bench import files
from dwlab.bench.quality.report import QualityReport
from dwlab.bench.quality.study import study
from dwlab.cli.app import app
from dwlab.errors import InvalidInput


def names(what):
    return [each.name for each in what.candidates]


def test_all_that_applies_to_a_unet_is_tried_and_nothing_else():
    tried = names(study("shapes", device="cpu"))
    assert tried[0] == "plain"
    assert ("openvino" in tried) == bool(importlib.util.find_spec("openvino"))
    assert {"15 steps", "5 steps", "DPM++ 2M, 10 steps", "deep_cache 3", "guidance_every 2", "guidance_interval 0-0.4"} <= set(tried)  # fmt: skip
    assert not [name for name in tried if "taylorseer" in name or "first_block" in name]
    quick = names(study("shapes", device="cpu", quick=True))
    assert len(quick) < len(tried) and not [name for name in quick if "compiled" in name]


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
    ]  # fmt: skip
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "quality-shapes"
    found = QualityReport.of(files.load(folder / "quality.json"))
    assert [row.name for row in found.rows] == ["plain", "8 steps", "deep_cache 3"]
    plain, eight, cached = found.rows
    assert (plain.rows, eight.rows) == (20, 16) and plain.distances == {}
    assert set(cached.distances) == {"RMS difference of pixels", "ssim.drift", "perceptual_distance.drift"}  # fmt: skip
    assert cached.distances["ssim.drift"].pairs == 4
    assert all(len(row.seconds) == 2 for row in found.rows)
    assert (folder / "quality.png").is_file() and (folder / "report.html").is_file()
    assert "What acceleration changes" in (folder / "report.html").read_text()
    before = dwlab.Results(tmp_path).table("quality-shapes")["created"].tolist()
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 0, again.output
    assert dwlab.Results(tmp_path).table("quality-shapes")["created"].tolist() == before
    assert json.loads((folder / "quality.json").read_text())["rows"][1]["name"] == "8 steps"
    compared = CliRunner().invoke(app, ["bench", "compare", str(folder / "quality.json")])
    assert compared.exit_code == 0 and "deep_cache 3" in compared.stdout
