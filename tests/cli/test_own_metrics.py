"""Metrics of one's own in `dwlab sweep`, `dwlab metrics` and the sweep notebook, on the embedded model."""

from __future__ import annotations

import itertools
import json
import os

import pytest
from own_metrics import metric_file
from typer.testing import CliRunner

import dwlab
from dwlab.cli.app import app
from dwlab.errors import InvalidInput
from dwlab.notebook.sweep import open_sweep

EXPERIMENT = """
base: {prompt: "a {colour} circle", steps: 1}
axes: {colour: [red, blue], guidance: [1, 3]}
metrics:
  - usual
  - metrics/mine.py:redness
  - metrics/mine.py:moody
  - metrics/mine.py:drift: {against: {guidance: 3}}
metric: redness
"""
# nobody agreed to code with such a number yet
numbers = itertools.count(os.getpid() * 1000)


def dw(*arguments, **options):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], **options)


@pytest.fixture
def folder(tmp_path):
    """A folder with an experiment and its metrics."""
    path = metric_file(tmp_path / "metrics")
    path.write_text(f"{path.read_text('utf-8')}\n\nNUMBER = {next(numbers)}\n", "utf-8")
    (tmp_path / "trial.yaml").write_text(EXPERIMENT, "utf-8")
    return tmp_path


def where(folder):
    return ("--results", folder / "results", "--device", "cpu")


def sweep(folder, *options, **more):
    return dw("sweep", folder / "trial.yaml", *where(folder), "--no-notebook", *options, **more)


@pytest.mark.slow
def test_somebody_elses_metrics_run_once_the_person_agreed(folder, monkeypatch):
    refused = sweep(folder)
    assert refused.exit_code == 2 and "--trust-code" in refused.stderr
    assert not (folder / "results").exists()
    assert sweep(folder, "--dry-run").exit_code == 0
    monkeypatch.setattr("dwlab.cli.code_consent.has_terminal", lambda: True)
    asked = sweep(folder, input="y\n")
    assert asked.exit_code == 0, asked.output
    assert "metrics/mine.py:redness" in asked.stderr and asked.stderr.count("Run it?") == 1
    assert "moody: 2 pictures measured, 2 without a value (cell " in " ".join(asked.stdout.split())
    assert "within 0.200 of the best redness" in asked.stdout
    again = sweep(folder)
    assert again.exit_code == 0 and "Run it?" not in again.stderr

    table = dwlab.Results(folder / "results").table("trial")
    assert table["redness"].notna().all() and table["moody"].isna().sum() == 2
    assert table["drift"].notna().sum() == 2
    shown = dw("table", "trial", "--results", folder / "results", "--format", "csv").stdout
    assert "redness" in shown.splitlines()[0]
    pages = folder / "results/trial"
    assert "redness" in (pages / "report.html").read_text("utf-8")
    document = (pages / "viewer.html").read_text("utf-8")
    assert '"unit": "share"' in document or '"unit":"share"' in document
    code = table.attrs["measured"]["redness"]["code"]
    assert "How much redder" in (folder / f"results/_code/{code}.py").read_text("utf-8")

    # the headless notebook, as papermill runs it
    view = open_sweep(str(folder / "trial.yaml"), results=str(folder / "results"))
    view.run()
    assert "redness" in view.pictures().data and "redness" in view.answer().data


@pytest.mark.slow
def test_an_old_sweep_asks_about_the_metrics_of_its_file_but_not_about_one_that_is_named(
    folder, monkeypatch
):
    assert sweep(folder, "--set", "colour=red", "--trust-code").exit_code == 0
    mine = folder / "metrics/mine.py"
    edited = mine.read_text("utf-8").replace("/ 2)", "/ 3)")
    mine.write_text(edited.replace("NUMBER = ", "NUMBER = 1"), "utf-8")
    refused = dw("metrics", "trial", *where(folder))
    assert refused.exit_code == 2 and "--trust-code" in refused.stderr
    named = dw("metrics", "trial", "--metric", f"{mine}:redness", *where(folder))
    assert named.exit_code == 0, named.output
    assert "redness: 2 pictures measured; its code was edited" in named.stdout
    against = ("--metric", f"{mine}:drift", "--against", "guidance=1")
    assert "drift: 1 pictures measured" in dw("metrics", "trial", *against, *where(folder)).stdout
    trusted = dw("metrics", "trial", "--trust-code", *where(folder))
    assert trusted.exit_code == 0, trusted.output
    assert "redness: 0 pictures measured, 2 known before" in trusted.stdout


def test_python_refuses_the_metrics_of_a_file_without_trust_code(folder):
    results = folder / "results"
    spec = dwlab.Sweep.from_yaml(folder / "trial.yaml")
    with pytest.raises(InvalidInput, match="trust_code=True"):
        spec.run(results)
    table = spec.run(results, device="cpu", trust_code=True)
    assert table["redness"].notna().all()
    stored = json.dumps(dwlab.Results(results).specs())
    assert str(folder / "metrics/mine.py") in stored
