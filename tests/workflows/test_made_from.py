"""What is made of a finished sweep is made again only if something in it could be different."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

import dwlab
from dwlab.store.store import Store
from dwlab.workflows import made_from
from dwlab.workflows.made_from import FILES, MadeFrom, source_of
from dwlab.workflows.sweep import execute

# not numpy, with which safetensors checks headers
HEAVY = {
    "torch",
    "diffusers",
    "transformers",
    "matplotlib",
    "pandas",
    "scipy",
    "statsmodels",
    "PIL",
    "papermill",
    "IPython",
    "distributed",
}
TINY = """
name: tiny
base: {prompt: a red circle, width: 64, height: 64}
axes:
  steps: [1, 2]
"""
AGAIN = """
import contextlib, json, sys
from dwlab.cli import main
sys.argv = ["dwlab", "sweep", {file!r}, "--results", {root!r}, "--no-notebook"]
with contextlib.suppress(SystemExit):
    main()
print()
print(json.dumps(list(sys.modules)))
"""


def run(folder):
    spec = dwlab.Sweep.from_yaml(folder / "tiny.yaml")
    return execute(spec, results=folder / "results", on_event=lambda _: None)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    (folder / "tiny.yaml").write_text(TINY)
    run(folder)
    return folder


def again(folder):
    """What the command prints in a fresh process, and the top-level modules that it loads."""
    code = AGAIN.format(file=str(folder / "tiny.yaml"), root=str(folder / "results"))
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    printed, _, modules = ended.stdout.rstrip().rpartition("\n")
    return printed, {name.split(".")[0] for name in json.loads(modules)}


def test_a_finished_sweep_runs_again_without_any_heavy_library(swept):
    report = (swept / "results/tiny/report.html").stat()
    # the first keeps the answer, which execute alone does not say
    again(swept)
    printed, modules = again(swept)
    assert "2 pictures, 0 made now, 2 already there" in printed
    assert "nothing changed" in printed
    assert modules & HEAVY == set()
    assert (swept / "results/tiny/report.html").stat().st_ino == report.st_ino


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_a_report_that_is_not_as_it_was_made_is_made_again(swept, harm):
    report = swept / "results/tiny/report.html"
    if harm == "gone":
        report.unlink()
    else:
        report.write_text("mine", "utf-8")
    outcome, files = run(swept)
    assert not outcome.is_unchanged
    assert "</html>" in files["report"].read_text("utf-8")
    outcome, _ = run(swept)
    assert outcome.is_unchanged


def test_a_damaged_record_only_makes_files_anew(swept):
    record = swept / "results/tiny" / made_from.RECORD
    kept = record.read_text("utf-8")
    source = source_of(swept / "results", "tiny")
    for text in ("", "[1]", '{"report.html": 3, "table.csv": [1]}'):
        record.write_text(text, "utf-8")
        assert not MadeFrom(record.parent).has(FILES.values(), source)
        assert MadeFrom(record.parent).source("report.html") is None
        assert MadeFrom(record.parent).text("table.csv", source) is None
    record.write_text(kept, "utf-8")


def test_whatever_a_report_is_made_from_changes_its_source(swept, monkeypatch):
    root = swept / "results"
    sources = [source_of(root, "tiny")]
    with Store(root) as store:
        first, second = (member.key for member in store.experiments.members("tiny"))
        pair = store.votes.offer("tiny", "me", first, second, waiting=0)
        # a pair that nobody voted on is in no report
        assert source_of(root, "tiny") == sources[0]
        store.votes.vote(pair, "left")
        sources.append(source_of(root, "tiny"))
        with store.file.transaction() as sql:
            sql.execute("INSERT INTO marks VALUES (?, 'stars', 3, 'now')", [first])
        sources.append(source_of(root, "tiny"))
        with store.file.transaction() as sql:
            sql.execute("INSERT INTO metrics VALUES (?, 'mine', 1, 0.5)", [second])
        sources.append(source_of(root, "tiny"))
        with store.file.transaction() as sql:
            sql.execute("INSERT INTO measurements VALUES ('tiny', 'm', ?, 's', 0.5)", [second])
        sources.append(source_of(root, "tiny"))
        with store.file.transaction() as sql:
            sql.execute("UPDATE cells SET seconds = 1.25 WHERE key = ?", [second])
    sources.append(source_of(root, "tiny"))
    (root / "tiny/search.json").write_text("{}", "utf-8")
    sources.append(source_of(root, "tiny"))
    sources.append(source_of(root, "tiny", ["a warning"]))
    monkeypatch.setattr(made_from, "_code_mark", lambda: "another version of dwlab")
    sources.append(source_of(root, "tiny"))
    assert Counter(sources).most_common(1)[0][1] == 1
    assert source_of(root, "tiny") == sources[-1]
