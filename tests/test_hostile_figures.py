"""`make hostile`, with few of each kind: it runs, finds no fault, and would find one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile.payloads import PAYLOADS, SPOTS, careless

TESTS = Path(__file__).parent
QUICK = 0.034  # one payload of thirty, five files of a kind


def hostile(tmp_path: Path, *words: str) -> dict[str, dict]:
    """The figures of a run by kind; it must have found no fault."""
    path = tmp_path / "figures.json"
    command = [sys.executable, "-m", "hostile", "--scale", str(QUICK), "--json", str(path), *words]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
    result = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    tallies = json.loads(path.read_text())["kinds"]
    assert all(tally["kind"] in result.stdout and tally["faults"] == [] for tally in tallies)
    return {tally["kind"]: tally for tally in tallies}


def test_every_payload_is_for_a_spot_and_stands_there_as_it_is():
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 30
    assert {spot for spot, _ in PAYLOADS} == set(SPOTS)
    assert all(text in careless(spot, text) for spot, text in PAYLOADS)


@pytest.mark.slow
def test_mutated_files_are_counted(tmp_path):
    figures = hostile(tmp_path, "files")
    assert figures["experiment files (YAML)"]["tried"] >= 5
    assert all(tally["tried"] for tally in figures.values())


@pytest.mark.slow
def test_kills_and_requests_are_counted(tmp_path):
    figures = hostile(tmp_path, "kills", "server")
    assert figures["hostile requests"]["results"]["refused"] >= 1
    assert figures["the server's health, idle"]["tried"] > 1


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(600)
def test_payloads_are_noticed_on_a_careless_page_and_not_on_ours(tmp_path, chromium):
    figures = hostile(tmp_path, "pages")
    assert figures["payloads, a careless page"]["results"] == {"noticed": 30}
    assert len(figures) == 9
