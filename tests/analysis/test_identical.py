"""Values of an axis that changed nothing are found, and no others."""

from __future__ import annotations

from PIL import Image
from sweep_tables import nudge, sweep_table

from dwlab.analysis.identical import identical_along


def test_an_axis_that_changes_nothing_is_found(tmp_path):
    assert identical_along(sweep_table(tmp_path)) == []
    (found,) = identical_along(sweep_table(tmp_path, guidance=(1.0, 4.0, 7.0), ignores="guidance"))
    assert found.startswith("guidance changed nothing: 1, 4 and 7") and "8 comparisons" in found


def test_two_values_that_gave_the_same_pictures_are_named_and_the_others_not(tmp_path):
    table = sweep_table(tmp_path, guidance=(1.0, 4.0, 7.0), failed=(4,))
    for _, rows in table.groupby(["prompt", "steps", "seed"]):
        table.loc[rows.index[rows["guidance"] == 7.0], "pixels"] = rows["pixels"][
            rows["guidance"] == 4.0
        ].iloc[0]
    table.loc[4, "pixels"] = None
    (found,) = identical_along(table)
    assert (
        found
        == "guidance 4 and 7 gave identical pictures wherever all else was equal (7 comparisons)"
    )  # one cell failed
    assert identical_along(table.drop(columns="pixels")) == []


def test_values_that_gave_nearly_identical_pictures_are_found(tmp_path):
    table = sweep_table(tmp_path, guidance=(1.0, 4.0, 7.0))
    nudge(table, tmp_path, "guidance", 7.0, 4.0, by=2)
    (finding,) = identical_along(table)
    assert finding.startswith(
        "guidance 4 and 7 gave nearly identical pictures (no pixel differs by more than 2 of 255)"
    )
    assert finding.endswith("wherever all else was equal (8 comparisons)")
    nudge(table, tmp_path, "guidance", 7.0, 4.0, by=3)
    assert identical_along(table) == []


def test_identical_and_nearly_identical_values_are_told_apart(tmp_path):
    table = sweep_table(tmp_path, guidance=(1.0, 4.0, 7.0))
    for _, rows in table.groupby(["prompt", "steps", "seed"]):
        table.loc[rows.index[rows["guidance"] == 4.0], ["image", "pixels"]] = rows.iloc[0][
            ["image", "pixels"]
        ].tolist()
    nudge(table, tmp_path, "guidance", 7.0, 1.0, by=1)
    same, near = identical_along(table)
    assert same.startswith("guidance 1 and 4 gave identical pictures")
    assert near.startswith(
        "guidance changed next to nothing: 1, 4 and 7 gave nearly identical pictures"
    )


def test_values_that_drift_apart_step_by_step_are_not_called_nearly_identical_as_a_whole(tmp_path):
    table = sweep_table(tmp_path, ("a star",), steps=(4,), guidance=(1.0, 4.0, 7.0))
    nudge(table, tmp_path, "guidance", 4.0, 1.0, by=2)
    nudge(table, tmp_path, "guidance", 7.0, 4.0, by=2)
    shown = " ".join(identical_along(table))
    assert "1 and 4" in shown and "7" not in shown.replace("nearly", "")


def test_pictures_of_which_one_is_missing_or_of_another_size_are_not_nearly_identical(tmp_path):
    table = sweep_table(tmp_path, guidance=(1.0, 4.0))
    nudge(table, tmp_path, "guidance", 4.0, 1.0, by=1)
    (tmp_path / table["image"].iloc[2]).unlink()
    assert identical_along(table) == []
    table = sweep_table(tmp_path / "other", guidance=(1.0, 4.0))
    nudge(table, tmp_path / "other", "guidance", 4.0, 1.0, by=1)
    path = tmp_path / "other" / table["image"].iloc[2]
    Image.open(path).resize((32, 32)).save(path)
    assert identical_along(table) == []


def test_of_many_pictures_some_are_compared_and_the_finding_says_how_many(tmp_path):
    table = sweep_table(
        tmp_path, ("a star",), steps=(4,), guidance=(1.0, 4.0), seeds=tuple(range(80))
    )
    nudge(table, tmp_path, "guidance", 4.0, 1.0, by=1)
    (finding,) = identical_along(table)
    assert "(64 of 80 comparisons looked at)" in finding
