"""Accelerators on their way through a sweep: rows, tables, labels, recipes in files, and commands."""

from __future__ import annotations

import shlex

import pytest
from typer.testing import CliRunner

import dwlab
from dwlab.analysis.axes import swept
from dwlab.analysis.price import rows_per_picture
from dwlab.cli.app import app
from dwlab.pictures import recipes
from dwlab.render.accelerators.table import APPLY
from dwlab.runs.results import Results
from dwlab.spec.accelerators import BY_NAME
from dwlab.spec.params import GenerationParams
from dwlab.views.viewer.command import command

BOTH = {"deep_cache": {"every": 2, "branch": 1}, "guidance_interval": [0, 0.5]}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def sweep():
    base = {"prompt": "a star", "steps": 3, "width": 64, "height": 64}
    axes = {"accelerate": ["none", {"deep_cache": 1}, {"guidance_every": 2}, BOTH]}
    return dwlab.Sweep("fast", base=base, axes=axes)


@pytest.fixture(scope="module")
def table(sweep, root):
    sweep.run(root)
    return Results(root).table("fast")


def test_every_accelerator_has_its_function():
    assert APPLY.keys() == BY_NAME.keys()


def test_a_table_tells_accelerators_and_what_they_cost(table):
    assert table["accelerate"].tolist() == [
        "{}", '{"guidance_every": 2}',
        '{"deep_cache": {"branch": 1, "every": 2}, "guidance_interval": [0.0, 0.5]}',
    ]  # fmt: skip
    assert rows_per_picture(table).tolist() == [6, 5, 4]
    (axis,) = swept(table)
    assert [axis.label(value) for value in axis.values] == [
        "none", "guidance_every 2", "deep_cache 2 branch 1 + guidance_interval 0-0.5",
    ]  # fmt: skip


def test_a_finished_sweep_is_not_made_again(sweep, table, root):
    plan = sweep.plan(root)
    assert (plan.cells, plan.todo) == (3, 0)


def test_the_picture_and_the_row_have_the_whole_recipe(table, root):
    row = table.iloc[2]
    recipe = recipes.read((root / row["image"]).read_bytes())
    assert not recipe.left_out
    assert (
        GenerationParams(**recipe.values).accelerate
        == GenerationParams("", accelerate=BOTH).accelerate
    )


def test_the_command_of_a_row_makes_the_same_picture(table, root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    row = table.iloc[2].to_dict()
    program, *arguments = shlex.split(command(row))
    assert program == "dwlab" and "--accelerate=guidance_interval=[0.0, 0.5]" in arguments
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    made, stored = ((path).read_bytes() for path in (tmp_path / "out.png", root / row["image"]))
    assert recipes.read(made).values == recipes.read(stored).values
