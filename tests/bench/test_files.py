"""Benchmark files: those of the repository, spoiled ones, and files that are none."""

from __future__ import annotations

import contextlib
import copy
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from bench.made_up import document, row, save

from dwlab.bench import files
from dwlab.bench.compare import compare, line_up
from dwlab.bench.engine import compare as engine_compare
from dwlab.bench.engine.report import EngineReport
from dwlab.errors import InvalidInput

ROOT = Path(__file__).parents[2]


REFERENCE = ROOT / "results" / "reference"


RUN = REFERENCE / "amd-epyc-2-cores-shapes.json"


ENGINE = REFERENCE / "engine" / "intel-xeon-2-cores-amx-shapes.json"


VALUES = (
    None,
    True,
    -1,
    0,
    1,
    1e308,
    -1e308,
    5e-324,
    2**70,
    "",
    "x",
    "\ud800",
    "1",
    [],
    {},
    [[]],
    [1e308],
    {"a": 1},
    ["x"],
)


def test_the_repository_has_reference_rows():
    assert any(
        one["status"] == "ok"
        for path in REFERENCE.glob("*.json")
        for one in files.load(path)["rows"]
    )


# docs/search.md says what is in those of searches
MEASURED = [
    *REFERENCE.glob("*.json"),
    *(REFERENCE / "engine").glob("*.json"),
    *(REFERENCE / "quality").glob("*.json"),
]


@pytest.mark.parametrize("path", sorted(MEASURED), ids=lambda path: path.stem)
def test_reference_files_are_of_known_code_and_name_no_machine(path):
    found = files.load(path)
    assert found["system"]["git"]["dirty"] is False and "host" not in found["system"]
    assert not re.search(r"/(home|Users|root|tmp)/", path.read_text())


def test_the_engines_of_the_reference_files_made_the_same_pictures():
    paths = sorted((REFERENCE / "engine").glob("*.json"))
    assert paths
    for path in paths:
        assert EngineReport.of(files.load(path)).disagreeing() == []


def test_notebooks_and_docs_name_benchmark_files_that_exist():
    pages = [
        *(ROOT / "notebooks").glob("*.ipynb"),
        *(ROOT / "docs").glob("*.md"),
        ROOT / "README.md",
    ]
    names = set().union(
        *(
            re.findall(
                r"results/reference/[a-z0-9./-]+\.json|experiments/bench-[a-z0-9-]+\.yaml",
                p.read_text(),
            )
            for p in pages
        )
    )
    assert names, "the pages name none"
    assert [name for name in sorted(names) if not (ROOT / name).is_file()] == []


def test_a_file_that_was_saved_is_loaded_again(tmp_path):
    path = save(tmp_path, "a", row())
    assert files.load(path)["rows"][0]["images_per_s"] == 1.0


def _without_phases(found):
    del found["rows"][0]["phases"]


def _negative(found):
    found["rows"][0]["phases"]["end_to_end"]["samples_s"] = [-1.0]


def _unknown_status(found):
    found["rows"][0]["status"] = "fine"


def _newer(found):
    found["schema"] = 2


def _no_rows(found):
    found["rows"] = []


@pytest.mark.parametrize("spoil", [_without_phases, _negative, _unknown_status, _newer, _no_rows])
def test_a_file_that_breaks_the_schema_is_refused(tmp_path, spoil):
    found = copy.deepcopy(document(row()))
    files.check(found, "a.json")
    spoil(found)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(found))
    with pytest.raises(InvalidInput, match=r"a\.json"):
        files.load(path)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b"\xff", b'{"schema": 1, "rows": NaN}', b"[" * 100_000, None]
)
def test_data_that_is_no_benchmark_file_is_refused(tmp_path, data):
    path = tmp_path / "b.json"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InvalidInput):
        files.load(path)


def test_an_engine_file_that_lacks_a_round_is_refused(tmp_path):
    found = json.loads(ENGINE.read_text())
    found["rows"][1]["idle"].pop()
    path = tmp_path / "short.json"
    path.write_text(json.dumps(found))
    with pytest.raises(
        InvalidInput,
        match=r"short\.json: rows\.1 is \[2, 3\]; allowed: lists with one entry per round",
    ):
        files.load(path)


@pytest.mark.parametrize("rounds", [1e308, [1e308], [7], [2**70], []])
def test_rounds_that_do_not_add_up_to_the_samples_are_refused(tmp_path, rounds):
    found = json.loads(RUN.read_text())
    found["rows"][0]["phases"]["end_to_end"]["rounds"] = rounds
    path = tmp_path / "rounds.json"
    path.write_text(json.dumps(found))
    with pytest.raises(InvalidInput):
        compare([path])
    with pytest.raises(InvalidInput, match=r"rows\.0\.phases\.end_to_end\.rounds"):
        files.load(path)


def mutated(original: Any, rng: random.Random) -> Any:
    """A copy in which one value somewhere is replaced, removed or doubled."""
    spoiled = copy.deepcopy(original)
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
        "dwlab.bench.confidence.RESAMPLES", 20
    )  # what is asked is whether it ends well, not the interval
    found = json.loads(source.read_text())
    found["rows"] = found["rows"][:3]
    rng = random.Random(14)
    for number in range(60):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(mutated(found, rng)))
        # a traceback is any error but InvalidInput
        with contextlib.suppress(InvalidInput):
            shown = files.load(path)
            lined_up = (
                engine_compare.line_up({path: EngineReport.of(shown)})
                if source == ENGINE
                else line_up({path: shown}).text()
            )
            assert lined_up.encode("utf-8", "replace")
