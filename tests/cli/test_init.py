"""`dwlab init`: a project folder that works as it is."""

from __future__ import annotations

import re

from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.paths import results_folder


def dw(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_project_has_experiments_that_can_be_planned_and_notebooks(tmp_path, monkeypatch):
    project = tmp_path / "my bench"
    assert dw("init", project).exit_code == 0
    assert "# my bench" in (project / "README.md").read_text()
    monkeypatch.chdir(project / "notebooks")
    assert results_folder() == project / "results"
    for experiment in ("quickstart", "schedulers", "negative"):
        plan = dw("sweep", project / f"experiments/{experiment}.yaml", "--dry-run")
        assert plan.exit_code == 0, plan.output
    assert (project / "notebooks/start.ipynb").is_file()


def test_notebooks_of_a_project_have_no_links_to_what_it_lacks(tmp_path):
    dw("init", tmp_path)
    for notebook in tmp_path.glob("notebooks/*.ipynb"):
        for link in re.findall(r"\]\(([^)#:]+)\)", notebook.read_text("utf-8")):
            assert (notebook.parent / link).exists(), (notebook.name, link)


def test_files_that_are_there_stay(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    result = dw("init", tmp_path)
    assert "README.md was there and stays as it is" in result.output
    assert (tmp_path / "README.md").read_text() == "mine"
    assert "0 files written" in dw("init", tmp_path).output


def test_a_file_cannot_be_a_project(tmp_path):
    (tmp_path / "file").write_text("")
    result = dw("init", tmp_path / "file")
    assert result.exit_code == 2
    assert "there is a file of this name" in result.stderr
