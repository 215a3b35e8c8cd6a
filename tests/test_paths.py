"""Where the results folder is, for each caller and working directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from dwlab.notebook.bench import open_bench
from dwlab.notebook.sweep import open_sweep
from dwlab.paths import project_results, results_folder
from dwlab.runs.sweep import Sweep


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project; the tests run in its folder of notebooks, where kernels start."""
    for name in ("experiments", "notebooks"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path


def test_the_results_folder_is_the_projects_by_default(project):
    assert results_folder() == project_results("") == project_results(None) == project / "results"


def test_a_relative_environment_variable_is_taken_from_the_project(project, monkeypatch):
    monkeypatch.setenv("DWLAB_RESULTS", "elsewhere")
    assert results_folder() == project_results("") == project / "elsewhere"
    monkeypatch.setenv("DWLAB_RESULTS", str(project / "absolute"))
    assert results_folder() == project / "absolute"


def test_a_relative_argument_is_taken_from_here_but_a_notebooks_from_the_project(project):
    assert results_folder("mine") == project / "notebooks" / "mine"
    assert project_results("mine") == project / "mine"
    assert project_results("~/mine") == Path.home() / "mine"


def test_notebooks_take_their_results_and_files_from_the_project(project):
    (project / "experiments" / "trial.yaml").write_text(
        "base: {prompt: a star}\naxes: {steps: [2]}\n"
    )
    assert open_sweep("experiments/trial.yaml", results="mine").root == project / "mine"
    bench = open_bench("", results="mine", beside=["results/reference/other.json"])
    assert bench.root == project / "mine"
    assert bench._beside == [project / "results/reference/other.json"]


def test_a_relative_folder_in_the_servers_settings_is_taken_from_the_project(project, monkeypatch):
    pytest.importorskip("fastapi")
    from dwlab.server.settings import read_settings
    from dwlab.server.state import ServerState

    monkeypatch.setenv("DWLAB_RESULTS", "served")
    assert ServerState(read_settings({})).root == project / "served"


def test_a_plan_names_the_results_folder(project):
    plan = Sweep("trial", base={"prompt": "a star"}).plan("mine")
    assert plan.results == project / "notebooks" / "mine"
    assert ("results", str(plan.results)) in plan.lines()
    assert str(plan.results) in str(plan) and str(plan.results) in plan._repr_html_()
