"""The benchmark panel without a page."""

from __future__ import annotations

import json
import time

import pytest
from bench.made_up import document, row, save

from dwlab.bench.compare import compare
from dwlab.bench.plan import BenchPlan
from dwlab.bench.spec import DEFAULT, BenchSpec
from dwlab.widgets.bench.panel import BenchPanel


def bench_panel(root, measure=None, **benchmarks):
    return BenchPanel(
        {"first": lambda: DEFAULT, "second": lambda: DEFAULT, **benchmarks},
        devices=["cpu"],
        dtypes=["float32", "bfloat16"],
        measure=measure,
        line_up=compare,
        make_plan=lambda spec, root, own: BenchPlan(4, spec.rounds, 8, 0, 60.0, bool(own)),
        root=root,
    )


def until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ready(panel):
    until(lambda: panel.plan.get("state") == "ready")
    return panel


def tell(panel, action, data=None, **arguments):
    panel._receive({"do": action, **arguments}, [] if data is None else [memoryview(data)])


def measured(root, stem, *rows, **more):
    (root / "benchmarks").mkdir(parents=True, exist_ok=True)
    return save(root / "benchmarks", stem, *rows, **more)


def test_the_panel_comes_back_as_it_was_after_a_kernel_restart(tmp_path):
    before = bench_panel(tmp_path)
    tell(before, "choose", benchmark="second", quick=False)
    tell(before, "choose", dtypes=["float32"])
    again = bench_panel(tmp_path)
    assert (again.choice["benchmark"], again.choice["quick"]) == ("second", False)
    assert (again.choice["devices"], again.choice["dtypes"]) == (["cpu"], ["float32"])


def test_the_plan_says_how_much_and_how_long_before_anything_runs(tmp_path):
    panel = ready(bench_panel(tmp_path))
    facts = dict(panel.plan["facts"])
    assert panel.plan["count"] == "4 configurations" and facts["processes"] == "8"
    assert facts["time"].startswith("at least 60 s")
    measured(tmp_path, "here", row())
    assert dict(ready(bench_panel(tmp_path)).plan["facts"])["time"].startswith("about 60 s")


def test_what_cannot_be_run_is_told_by_its_field(tmp_path):
    panel = ready(bench_panel(tmp_path, bad=lambda: BenchSpec("b", rounds="<b>")))
    tell(panel, "choose", devices=[])
    until(lambda: panel.problem)
    assert panel.problem["field"] == "devices" and panel.plan["state"] == "wrong"
    tell(panel, "choose", devices=["cpu"], benchmark="bad")
    until(lambda: panel.problem)
    assert panel.problem["field"] == "benchmark" and "<b>" in panel.problem["text"]
    tell(panel, "choose", benchmark="first", files=[7, "nosuch"], dtypes="x")
    until(lambda: panel.plan["state"] == "ready")
    assert panel.problem == {}


def test_files_are_shown_without_measuring_anything(tmp_path):
    measured(tmp_path, "a", row(2.0))
    (tmp_path / "reference").mkdir()
    save(tmp_path / "reference", "b", row(1.0), name="B CPU")
    (tmp_path / "reference/broken.json").write_text("{")
    panel = bench_panel(tmp_path)
    assert [file["name"] for file in panel.known] == ["benchmarks/a.json", "reference/b.json"]
    # the newest of this machine
    until(lambda: len(panel.comparison.get("rows", ())) == 1)
    tell(panel, "choose", files=["benchmarks/a.json", "reference/b.json"])
    until(lambda: len(panel.comparison["rows"]) == 2)
    assert "B is 2 times as fast as A in float32" in panel.comparison["sentences"][0]
    assert panel.comparison["machines"] == ["A: A (a)", "B: B (b)"]
    until(lambda: panel.comparison.get("charts"))
    assert all(chart["light"] != chart["dark"] for chart in panel.comparison["charts"])
    assert [file["label"] for file in panel.files] == ["a.json", "b.json"]
    tell(panel, "choose", files=[])
    until(lambda: panel.comparison == {})


@pytest.mark.parametrize("name", ["other.json", "../../x<img src=x>.json", "...", "\u202e"])
def test_a_file_of_another_machine_is_added_and_kept(tmp_path, name):
    panel = bench_panel(tmp_path)
    data = json.dumps(document(row(), name="<b>&")).encode()
    for _ in range(2):
        tell(panel, "add", data, name=name)
        assert panel.problem == {}
    (path,) = (tmp_path / "benchmarks/others").iterdir()
    assert panel.paths == [path]
    until(lambda: panel.comparison.get("rows"))
    assert not list(tmp_path.parent.glob("x*"))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"schema": 99}', b"\xff\xfe", b"[" * 9999])
def test_a_file_of_another_kind_is_refused_in_words(tmp_path, data):
    panel = bench_panel(tmp_path)
    tell(panel, "add", data, name="x.json")
    assert panel.problem["field"] and panel.problem["text"]
    assert not (tmp_path / "benchmarks/others").exists() and panel.known == []


@pytest.mark.slow
def test_a_run_shows_its_file_beside_the_others(tmp_path):
    def measure(spec, *, results, on_plan, on_event, cancel):
        on_plan(8, 8)
        return measured(results, "new", row(1.0, dtype=spec.axes["dtype"][0]))

    other = measured(tmp_path, "old", row(2.0))
    panel = bench_panel(tmp_path, measure)
    panel.start()
    until(lambda: panel.run.get("tone") == "success")
    assert panel.run["text"] == "Done: benchmarks/new.json"
    assert panel.path.name == "new.json" and panel.paths == [panel.path, other]
    assert len(panel.comparison["rows"]) == 2


def test_a_run_that_fails_or_is_stopped_says_so(tmp_path):
    def measure(spec, *, results, on_plan, on_event, cancel):
        if not outcomes:
            outcomes.append("failed")
            raise OSError("no more")

    outcomes = []
    panel = ready(bench_panel(tmp_path, measure))
    for tone in ("danger", "warning"):
        panel.start()
        until(lambda tone=tone: panel.run.get("tone") == tone and not panel.running)
    assert panel.run["text"].startswith("Stopped")
