"""What a viewer knows of a sweep: fields, the first layout, recipes and commands."""

from __future__ import annotations

import json
import shlex

import pytest
from sweep_tables import HOSTILE, sweep_table

from dwlab.views.viewer.command import command
from dwlab.views.viewer.document import document, recipes


def fields(table):
    return {field["name"]: field for field in document(table, "views")["fields"]}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return sweep_table(tmp_path_factory.mktemp("results"), failed=(2,))


def test_axes_come_first_with_their_values_in_the_order_of_the_sweep(table):
    names = [name for name, field in fields(table).items() if field["kind"] == "axis"]
    assert names == ["prompt", "steps", "guidance", "seed"]
    steps = fields(table)["steps"]
    assert steps["values"] == ["4", "8"] and steps["amounts"] == [4, 8]
    assert [steps["values"][code] for code in steps["codes"]] == [str(n) for n in table["steps"]]


def test_metrics_parameters_and_times_are_fields_too(table):
    kinds = {name: field["kind"] for name, field in fields(table).items()}
    assert kinds["adherence"] == "metric"
    assert kinds["model"] == "parameter"
    assert kinds["seconds"] == "record"
    assert not kinds.keys() & {"key", "image", "versions", "pixels"}


def test_true_and_false_are_words(table):
    flags = fields(table.assign(upscaled=table["seed"] == 0))["upscaled"]
    assert flags["values"] == ["True", "False"] and "numbers" not in flags


def test_a_gap_is_no_number(table):
    numbers = fields(table)["adherence"]["numbers"]
    assert numbers[2] is None and numbers[3] is not None
    json.dumps(document(table, "views"), allow_nan=False)


def test_prompts_stand_beside_rows_and_seeds_in_one_cell(table):
    layout = document(table, "views")["layout"]
    assert layout == {"rows": "prompt", "columns": "steps", "supercolumns": "guidance"}


def test_seeds_are_columns_if_there_is_nothing_else(tmp_path):
    table = sweep_table(tmp_path, steps=(4,), guidance=(1.0,))
    assert document(table, "views")["layout"] == {"rows": "prompt", "columns": "seed"}


@pytest.mark.parametrize("prompt", [*HOSTILE, "--help", "$(touch x) `id` ; rm -rf ~", "'\"\\"])
def test_a_shell_reads_the_command_as_one_call_with_this_prompt(table, prompt):
    row = {**table.to_dict("records")[0], "prompt": prompt}
    words = shlex.split(command(row))
    assert words[:2] == ["dwlab", "generate"] and words[-2:] == ["--", prompt]
    assert "--steps=4" in words and "--scheduler=DDIMScheduler" in words


def test_a_recipe_that_has_no_options_is_a_call_of_python(table):
    row = {**table.to_dict("records")[0], "call": '{"eta": 0.5}'}
    python, flag, code = shlex.split(command(row))
    assert (python, flag) == ("python", "-c")
    compile(code, "command", "exec")
    assert "call={'eta': 0.5}" in code


def test_every_cell_has_a_recipe_and_a_command(table):
    made = recipes(table)
    assert len(made) == len(table)
    assert made[0]["recipe"].startswith("dwlab.generate('a red circle', model='shapes'")
