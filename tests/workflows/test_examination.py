"""What `dwlab doctor` finds, in words."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.store.store import Store
from dwlab.workflows import examination
from dwlab.workflows.examination import examine


def doctor(*words):
    result = CliRunner().invoke(app, ["doctor", *map(str, words)], env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_machine_on_which_all_is_well_is_said_to_be(tmp_path):
    with Store(tmp_path / "results"):
        pass
    text = doctor("--results", tmp_path / "results")
    assert text.startswith("Nothing is wrong: dwlab can run here.\n")
    report = json.loads(doctor("--json", "--results", tmp_path / "results"))
    assert report["faults"] == []
    assert report["extras"]["serve"] == "here"


def test_a_damaged_store_is_a_fault_with_what_to_do(tmp_path):
    (tmp_path / "dwlab.sqlite").write_bytes(b"\x01" * 5_000)
    text = doctor("--results", tmp_path)
    assert text.startswith("One thing is wrong:\n")
    assert "file is not a database" in text
    assert "what to do: " in text and "run a sweep, which sets it aside" in text


def test_a_results_folder_that_cannot_be_is_a_fault(tmp_path):
    (tmp_path / "file").write_text("")
    (fault,) = examine(tmp_path / "file/results").faults
    assert "is a file" in fault.text and "--results" in fault.remedy


def test_a_missing_package_is_a_fault_and_the_rest_is_still_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(examination, "PACKAGES", (*examination.PACKAGES, "no-such-package"))
    text = doctor("--results", tmp_path)
    assert "the package no-such-package is not installed" in text
    assert "what to do: install it with: pip install no-such-package" in text
    assert "no-such-package missing" in " ".join(text.split())


def test_little_disk_and_memory_are_hints(tmp_path, monkeypatch):
    monkeypatch.setattr(examination, "LITTLE_DISK", float("inf"))
    monkeypatch.setattr(examination, "LITTLE_MEMORY", float("inf"))
    found = examine(tmp_path)
    texts = " ".join(str(hint) for hint in found.hints)
    assert "are free for" in texts and "of memory are free" in texts
    assert found.faults == []


def test_what_a_machine_has_fits_the_terminal(tmp_path):
    lines = doctor("--results", tmp_path).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("python:"))
    assert max(map(len, lines[start:])) <= 100


@pytest.mark.parametrize("name", ["python", "packages", "devices", "results", "embedded model"])
def test_what_a_machine_has_is_named(tmp_path, name):
    assert f"\n{name}:" in doctor("--results", tmp_path)
