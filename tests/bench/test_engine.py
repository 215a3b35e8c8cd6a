"""The benchmarks run, count what they say, and notice pictures that differ."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dwlab.bench import engine, record, store_speed
from dwlab.cli.app import app
from dwlab.errors import InvalidInput
from dwlab.models import loading
from dwlab.spec.params import GenerationParams


@pytest.fixture(scope="module")
def model():
    return loading.load("shapes", "cpu")


def cells():
    return [
        GenerationParams("a red circle", seed=seed, steps=2, guidance=guidance, width=64, height=64)
        for seed in (0, 1) for guidance in (1.0, 3.0)
    ]  # fmt: skip


def test_engines_make_the_same_pictures_and_their_forwards_are_counted(model):
    engines = {name: (getattr(engine, name), model) for name in ("loop", "grouped", "packed")}
    rows = {row.engine: row for row in engine.measure(engines, "small", cells(), rounds=2)}
    # two steps of one or two rows; in a group of two seeds twice that; packed, all at once
    assert [rows[name].rows_a_forward for name in engines] == [[1.5] * 2, [3.0] * 2, [6.0] * 2]
    for row in rows.values():
        assert len(row.seconds) == 2 and row.difference <= 1
        assert all(0 < share < 1 for share in row.idle) and min(row.tflops) > 0 and row.memory > 0
    text = engine.table(list(rows.values()), {"float32": 1e11})
    assert all(name in text for name in engines)


def test_pictures_that_differ_are_noticed(model):
    def other(given, asked):
        yield from engine.loop(given, [params.replace(seed=9) for params in asked])

    engines = {"loop": (engine.loop, model), "other": (other, model)}
    rows = engine.measure(engines, "small", cells()[:2], rounds=1)
    assert rows[1].difference > 20
    assert engine.Report(rows, {}, "shapes", 1.0, {}).disagreeing() == [
        f"other on small: {rows[1].difference} of 255"
    ]


def test_the_command_prints_a_table_and_writes_raw_rows(tmp_path):
    file = tmp_path / "rows.json"
    flags = [
        "--grids",
        "one-seed",
        "--rounds",
        "1",
        "--engines",
        "loop,packed",
        "--scale",
        "0.1",
        "--limit",
        "3",
    ]
    result = CliRunner().invoke(
        app, ["bench", "engine", *flags, "--device", "cpu", "--json", str(file)]
    )
    assert result.exit_code == 0, result.output
    found = json.loads(file.read_text())
    assert [row["engine"] for row in found["rows"]] == ["loop", "packed"] and found["matmul"][
        "float32"
    ] > 0
    assert "images/s" in result.output and found["system"]["cpu"]
    assert file.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    again = engine.Report.of(record.load(file))
    assert [row.engine for row in again.rows] == ["loop", "packed"]
    (ratio,) = engine.ratios(again.rows, again.rows[1], "loop")
    assert ratio == found["rows"][0]["seconds"][0] / found["rows"][1]["seconds"][0]
    assert engine.ratios(again.rows, again.rows[1], "grouped") == []


REFERENCE = sorted((Path(__file__).parents[2] / "results" / "reference" / "engine").glob("*.json"))


def test_reference_runs_are_of_known_code_agree_and_name_no_machine():
    assert REFERENCE
    for path in REFERENCE:
        found = json.loads(path.read_text())
        assert found["system"]["git"]["dirty"] is False and "host" not in found["system"]
        assert not re.search(r"/(home|Users|root|tmp)/", path.read_text())
        assert engine.Report.of(record.load(path)).disagreeing() == []


def test_unknown_engines_and_grids_are_named():
    with pytest.raises(InvalidInput, match="warp"):
        engine.compare_engines(engines=["warp"])
    with pytest.raises(InvalidInput, match="nine"):
        engine.compare_engines(names=["nine"])


def test_grids_have_the_cells_they_say():
    assert {name: len(set(grid)) for name, grid in engine.grids("shapes").items()} == {
        "homogeneous": 64, "heterogeneous": 120, "one-seed": 40, "mixed": 72,
    }  # fmt: skip


def test_the_store_bench_makes_plans_and_resumes_a_sweep():
    found = store_speed.measure(50)
    assert "50 cells" in found.text() and len(found.memory) == 3
    assert min(found.plan, found.row, found.store, found.resume) > 0
