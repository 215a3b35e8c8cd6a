"""The Python call that makes a picture again."""

from __future__ import annotations

import ast
from typing import Any

from sweep_tables import HOSTILE, sweep_table

from dwlab.spec.params import GenerationParams
from dwlab.views.report.python_recipe import recipe


def test_the_recipe_in_a_report_is_python_that_names_the_same_cell(tmp_path):
    row = sweep_table(tmp_path, HOSTILE).to_dict("records")[-1] | {
        "scheduler_options": '{"eta": 0.5}'
    }
    prompt, given = _call(recipe(row))
    assert prompt == row["prompt"]
    assert (
        given["scheduler_options"] == {"eta": 0.5}
        and "negative_prompt" not in given
        and "call" not in given
    )
    params = GenerationParams.of(prompt=prompt, **given)
    assert (params.seed, params.steps, params.guidance) == (
        row["seed"],
        row["steps"],
        row["guidance"],
    )
    assert recipe({"prompt": "\u202ea'\n"}).isprintable()


def _call(text: str) -> tuple[str, dict[str, Any]]:
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call) and ast.unparse(call.func) == "dwlab.generate"
    return ast.literal_eval(call.args[0]), {
        str(k.arg): ast.literal_eval(k.value) for k in call.keywords
    }
