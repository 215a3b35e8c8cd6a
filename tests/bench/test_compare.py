"""What may be compared and what may not, and what is said of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bench.made_up import row, save

from dwlab.bench.compare import compare


def test_ratios_are_between_rows_of_one_workload(tmp_path):
    a = save(tmp_path, "a", row(2.0), row(1.0, dtype="bfloat16"))
    b = save(
        tmp_path, "b", row(0.5, device="cuda:0"), device="cuda:0", name="A GPU", torch="2.14.0"
    )
    comparison = compare([a, b]).table.set_index("what")
    assert comparison["speed"].to_dict() == pytest.approx(
        {"cpu, float32": 1.0, "cpu, bfloat16": 2.0, "cuda:0, float32": 4.0}
    )
    assert comparison.loc["cuda:0, float32", "note"] == "*" and pd.isna(
        comparison.loc["cpu, bfloat16", "note"]
    )
    assert (
        comparison.loc["cpu, float32", "role"] == "common"
        and comparison.loc["cpu, bfloat16", "role"] == "best"
    )
    low, high = comparison.loc["cpu, bfloat16", ["low", "high"]]
    assert low < 2.0 < high


def test_another_workload_gets_no_ratio(tmp_path):
    a = save(tmp_path, "a", row(2.0), row(1.0, dtype="bfloat16", prompt="other"))
    comparison = compare([a]).table.iloc[1]
    assert comparison["speed"] is None or np.isnan(comparison["speed"])
    assert comparison["note"] == "not comparable: another prompt"


def test_the_notes_say_which_files_share_a_workload_and_which_stand_alone(tmp_path):
    files = [
        save(tmp_path, "a", row()),
        save(tmp_path, "b", row(steps=4)),
        save(tmp_path, "c", row(), row(steps=8)),
    ]
    comparison = compare(files)
    assert comparison.notes[:2] == (
        "a and c share 1 workload",
        "b shares no workload with the other files",
    )
    assert len(comparison.table) == 4
    assert not any("share" in note.split(";")[0] for note in compare(files[:1]).notes)


def test_a_failed_row_is_in_the_table_without_a_ratio(tmp_path):
    gone = {**row(dtype="float16"), "status": "oom", "error": "no memory"}
    del gone["phases"], gone["images_per_s"], gone["parity"]
    path = save(
        tmp_path, "a", row(2.0), gone, row(0.1, dtype="bfloat16", status="invalid", distance=0.9)
    )
    comparison = compare([path])
    rows = comparison.table.set_index("dtype")
    assert rows.loc["float16", "note"] == "no memory" and "too far" in rows.loc["bfloat16", "note"]
    assert rows["speed"].notna().sum() == 1 and comparison.failed == 2
    assert "oom" in comparison.text() and "no memory" in comparison.text()


def test_other_step_counts_are_scaled_from_the_phases(tmp_path):
    path = save(tmp_path, "a", row(2.0))
    assert compare([path], steps=50).table.iloc[0]["scaled"] == pytest.approx(0.1 + 50 * 0.08 + 0.1)


def test_a_row_without_phases_of_its_steps_cannot_be_scaled(tmp_path):
    measured = row(2.0)
    del measured["phases"]["prompt"], measured["images_per_s"]
    (compared,) = compare([save(tmp_path, "a", measured)], steps=50).rows
    assert compared.scaled is None and compared.speedup.median == 1.0


def test_the_text_fits_a_terminal_and_keeps_every_note(tmp_path):
    long = "no memory: " + "tried to allocate 20.00 GiB " * 8
    gone = {**row(dtype="float16"), "status": "oom", "error": long, "memory": {"resident_gb": 1}}
    del gone["phases"], gone["images_per_s"], gone["parity"]
    full = {**row(2.0), "matmul_share": 0.3, "memory": {"resident_gb": 1.25}}
    files = [
        save(tmp_path, "a" * 60, full, gone, name="A very long name of a processor " * 3),
        save(tmp_path, "b", row(1.0, device="cuda:0"), device="cuda:0", name="B"),
    ]
    text = compare(files).text()
    assert max(map(len, text.splitlines())) <= 100
    assert " ".join(long.split()) in " ".join(text.split())
    assert "not shown: " in text and "95% interval" in text


def test_files_of_the_same_name_are_told_apart(tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
    files = [save(tmp_path / "x", "same", row(2.0)), save(tmp_path / "y", "same", row(1.0))]
    names = [machine.file for machine in compare(files).machines.values()]
    assert names == ["x/same", "y/same"]
