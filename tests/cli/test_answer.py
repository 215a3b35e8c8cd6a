"""`dwlab answer` and `dwlab plot`, and the answer at the end of `dwlab sweep`."""

from __future__ import annotations

import pytest
from PIL import Image
from typer.testing import CliRunner

from dwlab.cli.app import app

SWEEP = """
name: few
model: shapes
base: {width: 64, height: 64}
axes:
  prompt: [a red circle, a blue star]
  seed: [0, 1]
  steps: [1, 2]
metric: adherence
"""


def dw(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A small sweep: its folder, and what the command printed at its end."""
    folder = tmp_path_factory.mktemp("swept")
    (folder / "few.yaml").write_text(SWEEP)
    result = dw("sweep", folder / "few.yaml", "--results", folder / "results", "--no-notebook")
    assert result.exit_code == 0
    return folder / "results", result.stdout


def test_a_sweep_ends_with_the_answer(swept):
    root, printed = swept
    last = printed.splitlines()[-1]
    assert "of the best adherence" in last
    assert last in " ".join(dw("answer", "few", "--results", root).stdout.split())


def test_the_answer_ranks_every_setting(swept):
    said = dw("answer", "few", "--results", swept[0]).stdout
    assert "95% interval" in said
    assert {"steps 1", "steps 2"} <= {line[:7] for line in said.splitlines()}
    assert "Of the variance of adherence" in " ".join(said.split())


def test_metric_margin_and_target_can_be_named(swept):
    arguments = ("--metric", "sharpness", "--margin", "1000", "--these-prompts")
    said = " ".join(dw("answer", "few", *arguments, "--results", swept[0]).stdout.split())
    assert "shown to be within 1000.0 of the best sharpness" in said
    assert "95% interval for these prompts" in said


@pytest.mark.parametrize("name", ["heat-maps", "frontier", "convergence"])
def test_a_figure_is_written_to_a_file(swept, tmp_path, name):
    path = tmp_path / f"{name}.png"
    assert dw("plot", "few", name, "-o", path, "--results", swept[0]).stdout == f"{path}\n"
    with Image.open(path) as picture:
        assert picture.format == "PNG"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plot", "few", "pie"), "heat-maps, frontier"),
        (("plot", "few", "seconds", "-o", "x.bmp"), ".png, .pdf, .svg"),
        # before anything is drawn, which may take a while
        (("plot", "few", "pie", "-o", "x.bmp"), ".png, .pdf, .svg"),
        (("answer", "few", "--metric", "beauty"), "one of adherence"),
        (("answer", "few", "--metric", "prompt"), "a column of numbers: adherence"),
        (("answer", "few", "--margin", "0"), "a number above 0"),
        (("answer", "many"), "few"),
    ],
    ids=str,
)
def test_what_cannot_be_answered_says_what_can(swept, arguments, said):
    result = dw(*arguments, "--results", swept[0])
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output
