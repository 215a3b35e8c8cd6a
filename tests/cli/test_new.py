"""`dwlab new`: four questions, and an experiment that runs."""

from __future__ import annotations

import pytest
import yaml
from terminals import in_terminal
from typer.testing import CliRunner

from dwlab.cli.app import app


def dw(*words, answers=None):
    return CliRunner().invoke(app, [str(word) for word in words], input=answers)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def planned(path):
    result = dw("sweep", path, "--dry-run")
    assert result.exit_code == 0, result.output
    return result.output


def test_four_answers_from_a_pipe_make_an_experiment_that_can_be_planned(folder):
    answers = "a red circle\na blue star\n\nshapes\nsteps=4, 8\nguidance=1, 5\n\n3\n"
    result = dw("new", "two.yaml", answers=answers)
    assert result.exit_code == 0, result.output
    assert [f"\n{number}. " in f"\n{result.output}" for number in (1, 2, 3, 4)] == [True] * 4
    assert "two.yaml: 24 pictures" in result.output
    assert "24" in planned("two.yaml")
    document = yaml.safe_load((folder / "two.yaml").read_text())
    assert document["axes"] == {
        "prompt": ["a red circle", "a blue star"],
        "steps": [4, 8],
        "guidance": [1, 5],
        "seed": {"range": [0, 3]},
    }


def test_empty_answers_take_what_is_offered(folder):
    assert dw("new", answers="\n\n\n\n").exit_code == 0
    # a pipe that ends early too
    assert "experiments/new-2.yaml: 6 pictures" in dw("new", answers="").output
    first, second = (folder / f"experiments/{name}.yaml" for name in ("new", "new-2"))
    assert first.read_text().replace("new", "new-2") == second.read_text()
    planned(first)


def test_options_answer_and_then_nothing_is_asked(folder):
    result = dw(
        "new", "boats.yaml", "--prompt", 'a "{colour}" boat: #1', "--model", "shapes",
        "--vary", "colour=[red, blue]", "--seeds", 1,
    )  # fmt: skip
    assert result.exit_code == 0
    assert "What" not in result.output
    document = yaml.safe_load((folder / "boats.yaml").read_text())
    assert document["base"] == {"prompt": 'a "{colour}" boat: #1'}
    planned("boats.yaml")


@pytest.mark.parametrize(
    "prompt", ["x: y", "- x", "yes", "{a}", "é ☃ \U0001f600", "'", "#", "a\\b", "1.0", "null"]
)
def test_any_prompt_comes_back_from_the_file(folder, prompt):
    words = ["--vary", "a=1, 2"] if "{a}" in prompt else ["--vary", "steps=2"]
    result = dw("new", "x.yaml", "--prompt", prompt, "--model", "shapes", *words, "--seeds", 1)
    assert result.exit_code == 0, result.output
    assert yaml.safe_load((folder / "x.yaml").read_text())["base"]["prompt"] == prompt
    planned("x.yaml")


def test_every_part_of_the_file_is_explained(folder):
    dw("new", "x.yaml", answers="")
    lines = (folder / "x.yaml").read_text().splitlines()
    for key in ("name:", "model:", "base:", "axes:", "metric:"):
        at = next(number for number, line in enumerate(lines) if line.startswith(key))
        assert any(line.startswith("#") for line in lines[max(0, at - 3) : at])


@pytest.mark.parametrize(
    ("words", "answers", "named"),
    [
        (("x.yaml", "--vary", "stps=3", "--prompt", "a", "--model", "shapes"), "", "axes.stps"),
        (("x.yaml",), "a\n\nshapes\nsteps=0\n\n", "steps[0] is 0"),
        (("x.yaml",), "a\n\nno-such-model\n", "no-such-model"),
        (("x.yaml",), "a\n\n\n\nmany\n", "seeds is 'many'"),
        (("x.yaml", "--vary", "steps", "--prompt", "a", "--model", "shapes"), "", "NAME=VALUES"),
        (("x.txt",), "", "ends in .yaml"),
    ],
)
def test_a_wrong_answer_is_one_line_and_writes_nothing(folder, words, answers, named):
    result = dw("new", *words, answers=answers)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert named in result.stderr
    assert not list(folder.iterdir())


def test_a_file_that_is_there_is_not_written_over_unless_it_is_said(folder):
    (folder / "x.yaml").write_text("mine")
    assert dw("new", "x.yaml", answers="").exit_code == 2
    assert (folder / "x.yaml").read_text() == "mine"
    assert dw("new", "x.yaml", "--force", answers="").exit_code == 0
    planned("x.yaml")


def test_a_person_is_asked_again_after_a_wrong_answer(folder):
    code = "import sys; sys.argv = ['dwlab', 'new', 'x.yaml']; from dwlab.cli import main; main()"
    typed = "a {colour} boat\n\nno-such\nshapes\nsteps=4\n\ncolour=[red, blue]\n\nmany\n3\n"
    printed = in_terminal(code, 100, typed=typed, folder=folder)
    assert [printed.count(f"{number}. ") for number in (1, 2, 3, 4)] == [1, 2, 2, 2]
    assert "x.yaml: 6 pictures" in printed
    planned("x.yaml")
