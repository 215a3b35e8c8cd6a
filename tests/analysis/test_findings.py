"""What stands out in a table is told in sentences."""

from __future__ import annotations

from sweep_tables import sweep_table

from dwlab.analysis.findings import findings_of


def test_nothing_is_told_of_a_table_in_which_every_axis_matters(tmp_path):
    assert findings_of(sweep_table(tmp_path)) == []


def test_blank_pictures_are_counted(tmp_path):
    table = sweep_table(tmp_path)
    table.loc[0, "blank"] = 1
    assert findings_of(table) == ["1 picture is of a single colour (column blank)"]
    table.loc[1, "blank"] = 1
    assert findings_of(table) == ["2 pictures are of a single colour (column blank)"]


def test_pictures_of_values_that_are_not_finite_come_first(tmp_path):
    table = sweep_table(tmp_path, ignores="seed")
    table["nan"] = 0.0
    table.loc[0, "nan"] = 0.2
    broken, unchanged = findings_of(table)
    assert broken.startswith("1 of 16 pictures are black or broken")
    assert broken.endswith("(column nan)")
    assert unchanged.startswith("seed changed nothing")
