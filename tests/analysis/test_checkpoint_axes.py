"""Tables of checkpoints: their numbers are the axis, and not the paths that stand beside them."""

from __future__ import annotations

import pandas as pd

from dwlab.analysis.axes import swept


def table(**columns):
    """A table with one row for each checkpoint and seed."""
    rows = pd.DataFrame(columns)
    rows = rows.merge(pd.DataFrame({"seed": [0, 1]}), how="cross")
    parts = [f'{{"unet": {{"model": "{path}"}}}}' for path in rows.pop("path")]
    rows["components"] = parts
    rows["adherence"] = [index / len(rows) for index in range(len(rows))]
    paths = list(columns["path"])
    axes = {name: list(dict.fromkeys(values)) for name, values in columns.items() if name != "path"}
    rows.attrs["axes"] = {"components.unet": paths, **axes, "seed": [0, 1]}
    return rows


def test_the_number_stands_for_the_path():
    axes = swept(table(path=["a-90", "a-500", "a-1000"], checkpoint=[90, 500, 1000]))
    assert [axis.name for axis in axes] == ["checkpoint", "seed"]
    assert axes[0].numbers == [90, 500, 1000]
    assert axes[0].numeric
    assert not axes[0].of_content


def test_number_and_training_stand_for_the_path():
    axes = swept(
        table(
            path=["a-90", "b-90", "a-500", "b-500", "b-700"],
            checkpoint=[90, 90, 500, 500, 700],
            run=["a", "b", "a", "b", "b"],
        )
    )
    assert [axis.name for axis in axes] == ["checkpoint", "run", "seed"]
    assert axes[1].values == ["a", "b"]


def test_a_path_that_is_not_told_by_its_number_stays():
    axes = swept(table(path=["a-90", "b-90", "a-500"], checkpoint=[90, 90, 500]))
    assert [axis.name for axis in axes] == ["components.unet", "checkpoint", "seed"]


def test_a_column_that_only_has_such_a_name_is_no_number():
    rows = table(path=["a", "b"], run=["slow", "fast"])
    assert [axis.name for axis in swept(rows)] == ["run", "seed"]
