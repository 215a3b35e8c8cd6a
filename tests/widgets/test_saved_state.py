"""The state files of the panels: those of earlier versions, and those that no panel wrote."""

from __future__ import annotations

import json

import pytest
from widgets.bench.test_panel import bench_panel, tell
from widgets.sweep.panel_use import edit, panel, until

import dwlab

# As dwlab 1.0 wrote them: file -> state.
EARLIER = {
    "e24483fba9109150": {
        "controls": {
            "count": 1,
            "prompt": "a star",
            "negative_prompt": "",
            "model": "shapes",
            "scheduler": "DDIM",
            "steps": 7,
            "guidance": 3.0,
            "seed": "0",
            "width": 128,
            "height": 128,
            "locked": False,
            "more": {"call": '{"eta": 0.5}', "scheduler": "DDIM", "words": "eta 0.5"},
        },
        "page": {
            "name": "mine",
            "axes": {"steps": {"on": True, "values": "1, 2"}},
            "open": True,
        },
    },
    "dfd33796972c3baa": {
        "picked": "trial",
        "edits": {
            "the name": ["trial", "mine"],
            "the prompt": ["a red ring", "a {colour} ring"],
            "colour": [None, "[red, blue]"],
        },
    },
    "0e89820860c342f2": {
        "picked": "second",
        "quick": False,
        "ticked": {"devices": ["cpu"], "dtypes": ["float32"]},
    },
}


def test_state_files_of_earlier_versions_fill_the_panels(tmp_path, monkeypatch):
    (tmp_path / "experiments").mkdir()
    (tmp_path / "results/.panels").mkdir(parents=True)
    for name, state in EARLIER.items():
        (tmp_path / f"results/.panels/{name}.json").write_text(json.dumps(state))
    monkeypatch.chdir(tmp_path)
    bench = dwlab.explore()
    assert (bench.params.prompt, bench.params.steps, bench.params.call) == (
        "a star",
        7,
        {"eta": 0.5},
    )
    assert bench.page == EARLIER["e24483fba9109150"]["page"]
    bench.close()
    sweep = panel(tmp_path / "results").form.read()
    assert (sweep.name, sweep.axes["colour"]) == ("mine", ["red", "blue"])
    benchmark = bench_panel(tmp_path / "results")
    assert (benchmark.choice["benchmark"], benchmark.choice["quick"]) == ("second", False)
    assert benchmark.choice["dtypes"] == ["float32"]


@pytest.mark.parametrize(
    "damage",
    [
        "{",
        "null",
        '{"ticked": {"devices": "cpu"}}',
        '{"picked": [], "quick": {}, "ticked": 1, "edits": []}',
        '{"picked": "trial", "edits": {"steps": 1, "the prompt": ["a red ring", 3], "seed": [1]}}',
    ],
)
def test_a_damaged_state_file_does_no_harm(tmp_path, damage):
    edit(panel(tmp_path), "prompt", "a {colour} ring")
    until((tmp_path / ".panels").exists)
    tell(bench_panel(tmp_path), "choose", quick=False)
    for kept in (tmp_path / ".panels").iterdir():
        kept.write_text(damage)
    assert panel(tmp_path).form.rows()["prompt"].parts == ("a red ring",)
    assert bench_panel(tmp_path).choice["benchmark"] == "first"
