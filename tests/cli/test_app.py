"""The command line: each command does its job, bad input ends with one line and code 2."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import subprocess
import sys
import warnings

import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.models.loaded_models import LOADED
from dwlab.pictures.png import read_recipe
from dwlab.spec.catalog import SHAPES_FOLDER


def dw(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    root = tmp_path_factory.mktemp("results")
    base = {"prompt": "a {colour} ring | =1+1", "steps": 2, "width": 64, "height": 64}
    dwlab.Sweep("trial", base=base, axes={"colour": ["red", "blue"]}).run(root)
    return root


def test_every_command_has_help_that_says_what_it_does():
    for command in [None, *commands()]:
        result = dw(*([command] if command else []), "--help")
        assert result.exit_code == 0
        assert "Usage" in result.output


def commands():
    return [c.name or c.callback.__name__ for c in app.registered_commands]


@pytest.mark.parametrize("command", commands())
def test_verbose_is_an_option_of_every_command(command):
    text = dw(command, "--help").output
    assert "-v, --verbose" in text
    assert "Show logs." in text


@contextlib.contextmanager
def logging_as_in_a_new_process():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    try:
        with warnings.catch_warnings():
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.mark.parametrize("words", [["-v", "generate"], ["generate", "-v"], ["generate"]])
def test_verbose_before_or_after_the_command_shows_the_logs(words, tmp_path):
    LOADED.clear()
    path = tmp_path / "x.png"
    small = ["--steps", "1", "--width", "64", "--height", "64"]
    with logging_as_in_a_new_process():
        result = dw(*words, "x", *small, "-o", path)
    assert result.exit_code == 0, result.output
    assert ("INFO dwlab.models.loading: loading shapes" in result.stderr) is (len(words) > 1)
    assert path.exists()


def test_generate_writes_a_png_with_its_recipe(tmp_path):
    path = tmp_path / "out.png"
    result = dw(
        "generate",
        "a red circle",
        "-o",
        path,
        "--steps",
        2,
        "--seed",
        9,
        "--width",
        64,
        "--height",
        64,
    )
    assert result.exit_code == 0, result.output
    assert read_recipe(path)["params"]["seed"] == 9
    with Image.open(path) as image:
        assert image.size == (64, 64)


def test_generate_takes_loras_and_parts(tmp_path):
    size = ("--steps", 1, "--width", 64, "--height", 64)
    named = ("--lora", "shapes-moon:0.5", "--vae", SHAPES_FOLDER / "vae")
    path = tmp_path / "out.png"
    parts = ("--part", f"text_encoder={SHAPES_FOLDER / 'text_encoder'}")
    result = dw("generate", "a red moon", "-o", path, *size, *named, *parts)
    assert result.exit_code == 0, result.output
    params = read_recipe(path)["params"]
    assert params["loras"][0]["weight"] == 0.5
    assert set(params["components"]) == {"text_encoder"}
    assert params["vae"]["weights"]
    assert str(SHAPES_FOLDER) not in json.dumps(params)


def test_generate_says_what_of_the_prompt_is_taken_literally_and_what_is_not_read(tmp_path):
    size = ("--steps", 1, "--width", 64, "--height", 64, "-o", tmp_path / "out.png")
    result = dw("generate", "a (red:1.3) star " + "red " * 90, *size)
    assert result.exit_code == 0, result.output
    assert "note: prompt: (red:1.3) is taken literally" in result.output
    assert "note: 1 picture of prompts that the model did not read to the end" in result.output
    quiet = dw("generate", "a (red:1.3) star", "--prompt-weighting", "compel", *size)
    assert "note" not in quiet.output


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("generate", "x", "--steps", 0), "steps"),
        (("generate", "x", "--long-prompt", "cut"), "long_prompt"),
        (("generate", "x", "--control", "net"), "--control-image"),
        (("generate", "x", "--control-image", "a.png"), "--control-image"),
        (
            (
                "generate",
                "x",
                "--control",
                "a",
                "--control-image",
                "b",
                "--control-scale",
                1,
                "--control-scale",
                2,
            ),
            "--control-scale",
        ),
        (("generate", "x", "--prompt-weighting", "some"), "prompt_weighting"),
        (("generate", "red " * 90, "--long-prompt", "error"), "at most 75 tokens"),
        (("generate", "x", "--ip-image", "a.png"), "left out without --ip-adapter"),
        (("generate", "x", "--ip-adapter", "a.safetensors"), "ip_adapter[0].image"),
        (("generate", "x", "--lora", "a.safetensors:strong"), "FILE:WEIGHT"),
        (("generate", "x", "--lora", "nosuch.safetensors:0.8"), "loras[0].file"),
        (("generate", "x", "--embedding", "a.safetensors"), "TOKEN=FILE"),
        (("generate", "x", "--component", "unet"), "PART=SOURCE"),
        (("generate", "x", "--component", "unet=a", "--part", "unet=b"), "unet only once"),
        (("generate", "x", "--vae", "no such"), "vae is"),
        (("generate", "x", "--ip-scale", 0.5), "left out without --ip-adapter"),
        (("generate", "x", "--refiner-from", 0.5), "left out without --refiner"),
        (("generate", "x", "--refiner", "sdxl-refiner", "--refiner-from", 1.5), "refiner.from"),
        (("generate", "x", "--width", 100), "width"),
        (("generate", "x", "--scheduler", "eul"), "scheduler"),
        (("generate", "x", "--model", "nosuch"), "model"),
        (("generate", "x", "--device", "tpu"), "device"),
        (("generate", "x", "-o", "out.jpg"), "output"),
        (("sweep", "nosuch.yaml"), "file"),
        (("table", "nosuch"), "experiment"),
        (("metrics", "nosuch"), "experiment"),
    ],
)
def test_bad_input_is_one_line_that_names_the_field(arguments, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = dw(*arguments)
    assert result.exit_code == 2
    assert named in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert not list(tmp_path.iterdir())


def test_a_dry_run_says_counts_and_writes_nothing(tmp_path):
    path = tmp_path / "trial.yaml"
    path.write_text(
        "base: {prompt: x}\naxes: {seed: {range: [0, 6]}, steps: [1, 2]}\nskip: [{seed: 5, steps: 2}]\n"
    )
    result = dw(
        "sweep", path, "--dry-run", "--results", tmp_path / "results", "--set", "steps=[1, 2, 3]"
    )
    assert result.exit_code == 0
    assert re.search(r"\ncells: +17 ", result.output)
    unbracketed = dw("sweep", path, "--dry-run", "--results", tmp_path, "--set", "steps=1, 2, 3")
    assert re.search(r"\ncells: +17 ", unbracketed.output)
    assert not (tmp_path / "results").exists()


def test_assignments_replace_take_out_and_keep_the_order_of_axes(tmp_path):
    path = tmp_path / "trial.yaml"
    path.write_text("base: {prompt: 'a {c}'}\naxes: {c: [red, blue], seed: [0, 1], cfg: [3, 7]}\n")

    def plan(*pairs):
        words = [word for pair in pairs for word in ("--set", pair)]
        result = dw("sweep", path, "--dry-run", "--results", tmp_path / "results", *words)
        assert result.exit_code == 0, result.output
        axes = [
            line.split(":")[0] for line in result.output.splitlines() if line.startswith("axis")
        ]
        return axes, result.output

    assert plan("seed=random")[0] == ["axis c", "axis seed", "axis guidance"]
    assert plan("guidance=", "seed=")[0] == ["axis c"]
    assert plan("prompt=a ring")[0] == ["axis seed", "axis guidance"]
    axes, text = plan("prompt='a {size}'", "size=[small, large]", "guidance_scale=4")
    assert axes == ["axis seed", "axis size"]
    assert re.search(r"\ncells: +4\n", text)


def test_more_cells_than_the_limit_are_refused_with_the_number(tmp_path):
    path = tmp_path / "trial.yaml"
    path.write_text("base: {prompt: x}\naxes: {seed: {range: [0, 60]}}\n")
    refused = dw("sweep", path, "--dry-run", "--limit", 50)
    assert refused.exit_code == 2
    assert "60 cells" in refused.stderr
    assert dw("sweep", path, "--dry-run", "--limit", 60).exit_code == 0


def test_tables_come_in_four_formats(results):
    frames = {
        "csv": pd.read_csv(
            io.BytesIO(dw("table", "trial", "--format", "csv", "--results", results).stdout_bytes)
        ),
        "json": pd.read_json(
            io.BytesIO(dw("table", "trial", "--format", "json", "--results", results).stdout_bytes)
        ),
        "parquet": pd.read_parquet(
            io.BytesIO(
                dw("table", "trial", "--format", "parquet", "--results", results).stdout_bytes
            )
        ),
    }
    for frame in frames.values():
        assert list(frame["colour"]) == ["red", "blue"]
        assert list(frame["steps"]) == [2, 2]
        assert list(frame.columns) == list(frames["csv"].columns)
    markdown = dw("table", "trial", "--format", "markdown", "--results", results).stdout
    assert len({line.replace("\\|", "").count("|") for line in markdown.splitlines()}) == 1


def test_a_table_fits_the_terminal(results, monkeypatch):
    for width in (40, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = dw("table", "trial", "--results", results).stdout.splitlines()
        assert max(map(len, lines)) <= width
        assert lines[0].split()[0] == "colour"
        assert [line.split()[0] for line in lines[1:3]] == ["red", "blue"]
        # what does not fit is named below
        assert "sharpness" in " ".join(lines)
        assert "device_seconds" in " ".join(lines)


def test_a_table_can_go_to_a_file(results, tmp_path):
    assert (
        dw(
            "table", "trial", "--format", "csv", "-o", tmp_path / "t.csv", "--results", results
        ).exit_code
        == 0
    )
    assert len(pd.read_csv(tmp_path / "t.csv")) == 2
    assert dw("table", "trial", "--format", "xls", "--results", results).exit_code == 2


def test_metrics_are_computed_again(results):
    result = dw("metrics", "trial", "--results", results)
    assert result.exit_code == 0
    assert "2 pictures" in result.output


def test_doctor_speaks_to_people_and_programs():
    report = json.loads(dw("doctor", "--json").stdout)
    assert report["device"] in report["devices"]
    assert report["versions"]["torch"]
    assert report["shapes"] is True
    assert "devices:" in dw("doctor").stdout


def test_models_are_listed():
    assert "shapes" in dw("models").stdout


@pytest.mark.parametrize("flag", ["--negative-prompt", "--negative"])
def test_a_negative_prompt_is_taken_under_its_name_and_its_old_one(tmp_path, flag):
    path = tmp_path / "ring.png"
    small = ("--steps", 1, "--width", 64, "--height", 64)
    result = dw("generate", "a ring", flag, "blue", "-o", path, *small)
    assert result.exit_code == 0
    assert read_recipe(path)["params"]["negative_prompt"] == "blue"


def test_help_names_the_negative_prompt_once():
    assert dw("generate", "--help").output.count("--negative") == 1


@pytest.mark.parametrize(
    ("command", "is_enabled"), [("generate", "False"), ("sweep", "True"), ("serve", "True")]
)
def test_the_command_of_one_picture_looks_for_no_garbage_and_none_takes_modules_apart(
    command, is_enabled
):
    code = (
        "import gc, sys; from dwlab.cli import main\n"
        "class Torn:\n"
        "    def __del__(self): print('torn down')\n"
        "torn = Torn()\n"
        "sys.argv = ['dwlab', sys.argv[1], '--help']\n"
        "try: main()\n"
        "finally: print(gc.isenabled())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, command], capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == is_enabled
