"""The questions are answered alike of a table and of its CSV, which knows no axes."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from simulated_sweeps import table_of

from dwlab.analysis.axes import swept
from dwlab.analysis.comparison import compare
from dwlab.analysis.ranking import best
from dwlab.analysis.sample_size import power
from dwlab.analysis.variance_shares import effects
from dwlab.views.export import export

# axes, and the two values that are compared
SWEEPS = [
    ({"steps": [2, 5], "guidance": [1, 3.5]}, {"steps": 5}, {"steps": 2}),
    ({"steps": [2, 5], "guidance": [1, 3.5]}, {"steps": 5, "guidance": 1}, {"steps": 2, "guidance": 3.5}),
    (
        {"scheduler": ["DDIMScheduler", "EulerDiscreteScheduler"], "steps": [2, 5]},
        {"scheduler": "DDIM"},
        {"scheduler": "Euler"},
    ),
    ({"negative_prompt": ["", "dark"], "steps": [2, 5]}, {"negative_prompt": "dark"}, {"negative_prompt": ""}),
    ({"strength": [None, 0.5]}, {"strength": 0.5}, {"strength": None}),
    ({"call.eta": [0.0, 0.5]}, {"call.eta": 0.5}, {"call.eta": 0.0}),
]  # fmt: skip


def sweep(axes):
    rng = np.random.default_rng(0)
    shape = [len(values) for values in axes.values()]
    means = rng.uniform(0, 1, (*shape, 1, 1))
    table = table_of(means + rng.normal(0, 0.05, (*shape, 6, 4)), axes)
    if "call.eta" in axes:
        table["call"] = [json.dumps({"eta": eta}) for eta in table.pop("call.eta")]
    return table


def read_back(table):
    return pd.read_csv(io.BytesIO(export(table, "csv")))


@pytest.mark.parametrize(("axes", "a", "b"), SWEEPS, ids=str)
def test_a_table_and_its_csv_give_the_same_answers(axes, a, b):
    table = sweep(axes)
    csv = read_back(table)
    assert csv.attrs == {}
    for question in (compare, power):
        answer = question(table, "adherence", a=a, b=b)
        assert question(csv, "adherence", a=a, b=b) == answer
    assert compare(table, "adherence", a=a, b=b).pairs == len(table) // len(table_values(table, a))
    if any(not axis.of_content for axis in swept(table)):
        assert best(csv, "adherence").sentence == best(table, "adherence").sentence
        standings = [each.setting for each in best(table, "adherence").standings]
        assert [each.setting for each in best(csv, "adherence").standings] == standings
        assert effects(csv, "adherence").sentence == effects(table, "adherence").sentence


def table_values(table, a):
    """The combinations of values of the axes that are compared."""
    columns = ["call" if name == "call.eta" else name for name in a]
    return table[columns].drop_duplicates()


def test_texts_that_a_spreadsheet_would_run_are_named_as_they_are_written():
    csv = read_back(sweep({"negative_prompt": ["-dark", "=1+1"]}))
    result = compare(
        csv, "adherence", a={"negative_prompt": "-dark"}, b={"negative_prompt": "=1+1"}
    )
    assert result.pairs == 24


def test_a_value_beside_none_is_an_axis():
    table = sweep({"strength": [None, 0.5]})
    (axis,) = [axis for axis in swept(table) if not axis.of_content]
    assert axis.names == ("strength",)
    assert [axis.label(value) for value in axis.values] == ["none", "0.5"]
    assert not axis.numeric
