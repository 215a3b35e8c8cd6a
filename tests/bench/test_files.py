"""Benchmark files as people get them: those of the repository, other kinds, and spoiled ones."""

from __future__ import annotations

import contextlib
import copy
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dwlab.bench import engine_files, record
from dwlab.bench.compare import line_up
from dwlab.bench.engine import Report
from dwlab.bench.spec import BenchSpec
from dwlab.cli.app import app
from dwlab.errors import InvalidInput

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "results" / "reference"
RUN = REFERENCE / "amd-epyc-2-cores-shapes.json"
ENGINE = REFERENCE / "engine" / "intel-xeon-2-cores-amx-shapes.json"
VALUES = (
    None, True, -1, 0, 1, 1e308, -1e308, 5e-324, 2**70, "", "x", "\ud800", "1", [], {}, [[]], [1e308], {"a": 1}, ["x"],
)  # fmt: skip


def compare(*files: Path, options: tuple[str, ...] = ()) -> Any:
    return CliRunner().invoke(app, ["bench", "compare", *map(str, files), *options])


def test_the_reference_files_are_lined_up_by_one_command(tmp_path):
    result = compare(*sorted(REFERENCE.glob("*.json")), options=("--plots", str(tmp_path)))
    assert result.exit_code == 0, result.output
    assert "shares no workload with the other files" in result.output
    assert list(tmp_path.glob("*.png"))


def test_two_machines_of_the_repository_measured_one_workload():
    result = compare(*sorted((REFERENCE / "engine").glob("*.json")))
    assert result.exit_code == 0, result.output
    (table,) = [
        part
        for part in result.output.split("\n\n")
        if part.startswith("shapes, heterogeneous grid")
    ]
    assert "AMD EPYC" in table and "Xeon" in table
    assert (
        "sd15-geometry, homogeneous grid of 2 cells, steps x 0.05; no other file measured this"
        in result.output
    )


def test_files_of_both_kinds_are_lined_up_together(tmp_path):
    result = compare(RUN, ENGINE)
    assert result.exit_code == 0, result.output
    assert (
        "shapes, 128x128, 20 steps, batch 4" in result.output
        and "shapes, mixed grid of 72 cells" in result.output
    )


def test_notebooks_and_docs_name_benchmark_files_that_exist():
    pages = [
        *(ROOT / "notebooks").glob("*.ipynb"),
        *(ROOT / "docs").glob("*.md"),
        ROOT / "README.md",
    ]
    names = set().union(
        *(
            re.findall(
                r"(?:results/reference|experiments)/[a-z0-9./-]+\.(?:json|yaml)", p.read_text()
            )
            for p in pages
        )
    )
    assert names, "the pages name none"
    assert [name for name in sorted(names) if not (ROOT / name).is_file()] == []


def test_an_engine_file_with_a_round_too_few_is_refused(tmp_path):
    document = json.loads(ENGINE.read_text())
    document["rows"][1]["idle"].pop()
    path = tmp_path / "short.json"
    path.write_text(json.dumps(document))
    with pytest.raises(
        InvalidInput,
        match=r"short\.json: rows\.1 is \[2, 3\]; allowed: lists with one entry per round",
    ):
        record.load(path)


@pytest.mark.parametrize("rounds", [1e308, [1e308], [7], [2**70], []])
def test_rounds_that_do_not_count_the_samples_are_refused(tmp_path, rounds):
    document = json.loads(RUN.read_text())
    document["rows"][0]["phases"]["end_to_end"]["rounds"] = rounds
    path = tmp_path / "rounds.json"
    path.write_text(json.dumps(document))
    assert compare(path).exit_code == 2
    with pytest.raises(InvalidInput, match=r"rows\.0\.phases\.end_to_end\.rounds"):
        record.load(path)


def mutated(document: Any, rng: random.Random) -> Any:
    """A copy in which one value somewhere is replaced, removed or doubled."""
    spoiled = copy.deepcopy(document)
    places = list(_places(spoiled))
    holder, key = rng.choice(places)
    action = rng.choice(("replace", "replace", "remove", "rename"))
    if action == "replace":
        holder[key] = copy.deepcopy(rng.choice(VALUES))
    elif action == "remove":
        del holder[key]
    elif isinstance(holder, dict):
        holder[f"{key}\u202e<b>"] = holder.pop(key)
    return spoiled


def _places(value: Any) -> Any:
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in list(keys):
        yield value, key
        yield from _places(value[key])


@pytest.mark.parametrize("source", [RUN, ENGINE], ids=["run", "engine"])
def test_spoiled_files_get_a_message_or_a_table_and_never_a_traceback(
    tmp_path, source, monkeypatch
):
    monkeypatch.setattr(
        "dwlab.bench.compare.RESAMPLES", 20
    )  # what is asked is whether it ends well, not the interval
    document = json.loads(source.read_text())
    document["rows"] = document["rows"][:3]
    rng = random.Random(14)
    for number in range(60):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(mutated(document, rng)))
        # a traceback is any error but InvalidInput
        with contextlib.suppress(InvalidInput):
            shown = record.load(path)
            lined_up = (
                engine_files.line_up({path: Report.of(shown)})
                if source == ENGINE
                else line_up({path: shown}).text()
            )
            assert lined_up.encode("utf-8", "replace")


def test_spoiled_experiments_of_benchmarks_get_a_message_and_never_a_traceback(tmp_path):
    document = {
        "name": "b", "base": {"model": "shapes", "steps": 2}, "axes": {"dtype": ["float32"], "batch": [1, 4]},
        "zip": [["dtype", "batch"]], "skip": [{"batch": 4}], "rounds": 2, "warmup": 1, "iterations": 2, "seconds": 1,
    }  # fmt: skip
    rng = random.Random(14)
    for _ in range(200):
        path = tmp_path / "b.yaml"
        path.write_text(json.dumps(mutated(document, rng)))
        with contextlib.suppress(InvalidInput):
            BenchSpec.from_yaml(path).configurations(["cpu"])
