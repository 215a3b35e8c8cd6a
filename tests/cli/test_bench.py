"""`dwlab bench` as a user starts it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from bench.test_files import ENGINE, REFERENCE, RUN
from measuring_here import measure_here
from typer.testing import CliRunner

from dwlab.bench import files, runner
from dwlab.bench.engine import report
from dwlab.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def dwlab_bench(tmp_path, monkeypatch):
    """Calls the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["bench", *map(str, arguments)])


def compare(*files: Path, options: tuple[str, ...] = ()) -> Any:
    return CliRunner().invoke(app, ["bench", "compare", *map(str, files), *options])


def test_a_run_is_measured_and_compared_with_charts(dwlab_bench, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "run_worker", measure_here)
    (tmp_path / "bench-x.yaml").write_text(
        "rounds: 1\nbase: {size: 64, steps: 2, device: cpu}\nparity: none\n"
    )
    done = dwlab_bench(
        "run",
        "bench-x.yaml",
        "--quick",
        "--dtype",
        "float32,bfloat16",
        "--results",
        "r",
    )
    assert done.exit_code == 0, done.output
    assert "cpu, bfloat16" in done.stdout and "100%: 2/2 measurements" in done.stderr
    path = tmp_path / done.stdout.splitlines()[-1]
    done = dwlab_bench("compare", path, "--plots", "p", "--steps", 50)
    assert done.exit_code == 0 and "scaled" in done.stdout
    assert {p.name for p in (tmp_path / "p").iterdir()} == {"speed.png", "phases.png", "parity.png"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "none.yaml"], "a readable YAML file"),
        (["run", "--device", "warp"], "device is 'warp'"),
        (["run", "--dtype", "int4"], "dtype is 'int4'"),
        (["compare", "none.json"], "the JSON that `dwlab bench run`, `engine`"),
        (["tune", "--model", "nonesuch"], "neither in the catalog"),
    ],
)
def test_bad_input_ends_with_a_message_of_one_line(dwlab_bench, arguments, message):
    done = dwlab_bench(*arguments)
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 2
    assert message in done.stderr and len(done.stderr.splitlines()) == 1


def test_the_reference_files_are_compared_by_one_command(tmp_path):
    result = compare(*sorted(REFERENCE.glob("*.json")), options=("--plots", str(tmp_path)))
    assert result.exit_code == 0, result.output
    assert "shares no workload with the other files" in result.output
    assert list(tmp_path.glob("*.png"))


def test_engine_files_of_two_machines_share_a_table():
    result = compare(*sorted((REFERENCE / "engine").glob("*.json")))
    assert result.exit_code == 0, result.output
    (table,) = [
        part
        for part in result.output.split("\n\n")
        if part.startswith("shapes, heterogeneous grid of 120 cells")
    ]
    assert "AMD EPYC" in table and "Xeon" in table
    assert (
        "sd15-geometry, homogeneous grid of 2 cells, steps x 0.05; no other file measured this"
        in result.output
    )


def test_files_of_both_kinds_are_compared_together(tmp_path):
    result = compare(RUN, ENGINE)
    assert result.exit_code == 0, result.output
    assert (
        "shapes, 128x128, 20 steps, batch 4" in result.output
        and "shapes, mixed grid of 72 cells" in result.output
    )


@pytest.mark.slow
def test_the_engine_benchmark_prints_a_table_and_writes_raw_rows_and_a_chart(tmp_path):
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
    again = report.EngineReport.of(files.load(file))
    assert [row.engine for row in again.results] == ["loop", "packed"]
    (ratio,) = report.ratios(again.results, again.results[1], "loop")
    assert ratio == found["rows"][0]["seconds"][0] / found["rows"][1]["seconds"][0]
    assert report.ratios(again.results, again.results[1], "grouped") == []
