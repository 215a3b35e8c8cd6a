"""Parts of a table: rows by conditions, columns by names."""

from __future__ import annotations

import pytest
from sweep_tables import sweep_table

from dwlab.analysis.axes import swept
from dwlab.analysis.selection import selected, with_columns
from dwlab.errors import InvalidInput


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return sweep_table(
        tmp_path_factory.mktemp("table"), ("a red circle", "a star = 5"), failed=(3,)
    )


CONDITIONS = {
    "steps=4": lambda row: row["steps"] == 4,
    "num_inference_steps = 4": lambda row: row["steps"] == 4,
    "steps=4.0": lambda row: row["steps"] == 4,
    "steps!=4": lambda row: row["steps"] != 4,
    "guidance<=1": lambda row: row["guidance"] <= 1,
    "adherence>0.1": lambda row: row["adherence"] > 0.1,
    "prompt=a star = 5": lambda row: row["prompt"] == "a star = 5",
    "prompt~RED": lambda row: "red" in row["prompt"],
    "scheduler=DDIM": lambda row: row["scheduler"] == "DDIMScheduler",
    "status=oom": lambda row: row["status"] == "oom",
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_leaves_the_rows_for_which_it_holds(table, condition):
    keys = [row["key"] for row in table.to_dict("records") if CONDITIONS[condition](row)]
    assert keys
    assert list(selected(table, [condition])["key"]) == keys


def test_several_names_must_all_hold_and_several_values_of_one_are_alternatives(table):
    part = selected(table, ["steps=4", "seed=0", "seed=1", "guidance=4"])
    assert set(part["seed"]) == {0, 1}
    assert set(part["steps"]) == {4} and set(part["guidance"]) == {4.0}


def test_a_map_of_values_is_as_good_as_texts(table):
    by_map = selected(table, {"steps": 4, "scheduler": "DDIM"})
    assert list(by_map["key"]) == list(selected(table, ["steps=4", "scheduler=DDIM"])["key"])


def test_what_is_left_is_a_table_with_fewer_axes(table):
    part = selected(table, ["steps=4"])
    assert part.attrs["results"] == table.attrs["results"]
    assert [axis.name for axis in swept(part)] == ["prompt", "guidance", "seed"]


REFUSED = {
    "steps": "name=value, with =, !=",
    "=5": "name=value",
    "stps=4": "prompt, steps, guidance, seed, adherence",
    "steps=7": "a value of steps: 4, 8",
    "steps>many": "a number to compare with",
    "adherence>99": "conditions that leave some row",
}


@pytest.mark.parametrize("condition", REFUSED)
def test_a_condition_that_cannot_be_meant_is_refused_in_words(table, condition):
    with pytest.raises(InvalidInput) as error:
        selected(table, [condition])
    assert REFUSED[condition] in str(error.value)


def test_columns_come_in_the_order_in_which_they_are_named(table):
    part = with_columns(table, ["adherence", "steps"])
    assert list(part.columns) == ["adherence", "steps"]
    assert list(part["steps"]) == list(table["steps"])


def test_an_argument_of_the_call_can_be_a_column():
    import pandas as pd

    table = pd.DataFrame({"key": ["a", "b"], "call": ['{"eta": 0.5}', "{}"]})
    assert list(with_columns(table, ["call.eta"])["call.eta"]) == [0.5, None]
    assert list(selected(table, ["call.eta=0.5"])["key"]) == ["a"]
    assert list(selected(table, ["call.eta=none"])["key"]) == ["b"]


def test_an_unknown_column_is_refused(table):
    with pytest.raises(InvalidInput, match="columns"):
        with_columns(table, ["steps", "stars"])
