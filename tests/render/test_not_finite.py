"""Pictures of values that are not finite: never a plain success, at any door."""

from __future__ import annotations

import json
import math
import re

import pytest
import tiny
import torch
from typer.testing import CliRunner

import dwlab
from dwlab.cli import app
from dwlab.pictures.not_finite import nan_warning
from dwlab.runs.generation import stream
from dwlab.views.export import export
from dwlab.views.report.writing import save_report

SMALL = {"steps": 1, "width": 32, "height": 32}


def poisoned(pipeline, part, value):
    """The pipeline with one weight of a part set to a value that is not finite."""
    weights = {
        "unet": pipeline.unet.conv_out.bias,
        "decoder": pipeline.vae.decoder.conv_out.bias,
    }[part]
    with torch.no_grad():
        weights[0] = value
    return pipeline


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of tiny models, by what is wrong with them."""
    root = tmp_path_factory.mktemp("models")
    tiny.sd().save_pretrained(root / "sound")
    for part in ("unet", "decoder"):
        for value in (math.nan, math.inf):
            poisoned(tiny.sd(), part, value).save_pretrained(root / f"{part}-{value}")
    return root


def made(folder, name, **more):
    return dwlab.generate("a star", model=str(folder / name), **SMALL, **more)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("unet-nan", 1.0, 1.0),
        ("unet-inf", 0.2, 1.0),
        ("decoder-nan", 0.3, 0.4),
        ("decoder-inf", 0.3, 0.4),
    ],
)
def test_a_picture_knows_its_share_of_values_that_are_not_finite(folder, name, least, most):
    picture = made(folder, name)
    assert least <= picture.nan <= most
    assert "NaN" in picture.warning and "float32" in picture.warning and "\n" not in picture.warning


def test_a_sound_picture_has_no_warning(folder):
    picture = made(folder, "sound")
    assert picture.nan == 0.0 and picture.warning is None


def test_pictures_made_together_each_know_their_own(folder):
    cells = [
        dwlab.GenerationParams("a star", model=str(folder / name), seed=seed, **SMALL)
        for name in ("sound", "decoder-nan")
        for seed in (0, 1)
    ]
    done = {event.index: event.result.nan for event in stream(cells) if event.kind == "done"}
    assert [done[k] > 0 for k in range(4)] == [False, False, True, True]


def sweep(folder, *names):
    axes = {"model": [str(folder / name) for name in names]}
    return dwlab.Sweep("odd", base={"prompt": "a star", **SMALL}, axes=axes)


def test_a_sweep_says_so_in_its_outcome_log_table_and_report_also_when_all_was_there(
    folder, tmp_path
):
    from dwlab.workflows.sweep import execute

    for _ in range(2):
        outcome, files = execute(
            sweep(folder, "sound", "decoder-nan"), results=tmp_path, on_event=lambda _: None
        )
        assert outcome.nan == 1 and outcome.warning.startswith(
            "1 of 2 pictures are black or broken: 33% of its values"
        )
        assert outcome.warning in files["log"].read_text()
        assert "33% of its values were not finite numbers" in files["report"].read_text()
    table = dwlab.Results(tmp_path).table("odd")
    assert list(table["nan"] > 0) == [False, True] and set(table["status"]) == {"ok"}
    rows = json.loads(
        export(table, "json"), parse_constant=lambda name: pytest.fail(f"{name} is no JSON")
    )
    assert rows[1]["nan"] > 0.3


def test_a_report_of_the_table_alone_says_so_too(folder, tmp_path):
    table = sweep(folder, "unet-nan").run(tmp_path)
    save_report(table, tmp_path / "report.html", title="odd")
    assert "100% of its values were not finite numbers" in (tmp_path / "report.html").read_text()


def test_what_comes_from_the_store_is_warned_of_again(folder, tmp_path):
    from dwlab.runs.keep import keep

    warnings = []
    params = [dwlab.GenerationParams("a star", model=str(folder / "unet-nan"), **SMALL)]
    for _ in range(2):
        keep(
            params, experiment="explore", results=tmp_path,
            on_event=lambda event: event.kind == "done" and warnings.append(event.result.warning),
        )  # fmt: skip
    assert len(warnings) == 2 and warnings[0] == warnings[1] and "100%" in warnings[0]


def test_the_commands_end_with_4_and_one_line(folder, tmp_path):
    small = [f"--{name}={value}" for name, value in SMALL.items()]
    said = CliRunner().invoke(
        app.app,
        [
            "generate",
            "a star",
            "--model",
            str(folder / "unet-nan"),
            "-o",
            str(tmp_path / "a.png"),
            *small,
        ],
    )
    assert said.exit_code == 4 and (tmp_path / "a.png").exists()
    assert re.fullmatch(
        r"warning: the picture is black or broken: 100% of its values [^\n]+\n", said.stderr
    )
    experiment = tmp_path / "odd.yaml"
    experiment.write_text(
        f"name: odd\nmodel: {folder / 'decoder-inf'}\nbase: {{prompt: a star, steps: 1, width: 32, height: 32}}\n"
    )
    words = ["sweep", str(experiment), "--results", str(tmp_path / "results"), "--no-notebook"]
    for _ in range(2):
        said = CliRunner().invoke(app.app, words)
        assert said.exit_code == 4 and said.stdout.count("NaN") == 1, said.output


def test_the_line_says_how_many_and_how_much():
    assert nan_warning([], 3) is None and nan_warning([0.0], 1) is None
    assert nan_warning([0.001], 1).startswith(
        "the picture is black or broken: under 1% of its values"
    )
    assert nan_warning([0.5, 0.0, 1.0], 20).startswith(
        "2 of 20 pictures are black or broken: up to 100% of their values"
    )
