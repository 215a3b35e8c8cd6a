"""What the prompt bench takes back from its state file."""

import shutil

import pytest
from widgets.explore.bench_use import ask

import dwlab


def test_the_fields_come_back_after_a_kernel_restart(bench):
    bench.controls = {
        **bench.controls,
        "prompt": "a <b>star</b>",
        "count": 3,
        "more": {"call": '{"eta": 0.5}'},
    }
    page = {
        "name": "mine",
        "axes": {"steps": {"on": True, "values": "1, 2"}},
        "open": True,
        "chosen": "k",
    }
    bench.page = page
    again = dwlab.explore()
    assert again.controls == bench.controls and again.page == page
    assert again.params == bench.params
    # Each model that `explore` was called with has a state of its own.
    assert dwlab.explore("sd15").controls["prompt"] == ""


def test_the_chosen_model_comes_back_with_its_limits_after_a_kernel_restart(bench):
    bench.controls = {**bench.controls, "model": "sdxl"}
    bench.controls = {**bench.controls, "width": 768}
    again = dwlab.explore()
    assert (again.controls["model"], again.controls["width"]) == ("sdxl", 768)
    assert again.offer["model"] == "sdxl" and again.offer["sides"][1] > 512 and again.problems == {}


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 5000,
        b"\x00\xff",
        b'{"controls": 1, "page": []}',
        b'{"controls": {"model": 7}}',
        b'{"controls": {"model": "../x"}}',
        b'{"controls": {"prompt": [], "steps": {}, "more": {"call": 3, "x": 1}}}',
        b'{"controls": {"more": {"scheduler_options": "[]"}}}',
        b'{"page": {"axes": {"steps": 1, "seed": {"values": []}}, "name": {}, "chosen": 1}}',
    ],
)
def test_a_damaged_state_file_does_no_harm(bench, damage):
    bench.controls = {**bench.controls, "prompt": "another"}
    (kept,) = (bench.root / ".panels").iterdir()
    kept.write_bytes(damage)
    again = dwlab.explore()
    again.controls = {**again.controls, "prompt": "a star", "width": 64, "height": 64, "steps": 1}
    ask(again, "sweep", name="trial", axes={"seed": "1, 2"})
    assert "2 cells" in again.plan["counts"], again.form
    assert all(set(axis) == {"on", "values"} for axis in again.page.get("axes", {}).values())


def test_an_unwritable_state_folder_stops_nothing(bench):
    shutil.rmtree(bench.root / ".panels")
    (bench.root / ".panels").write_text("a file where a folder should be")
    bench.controls = {**bench.controls, "prompt": "another"}
    assert bench.params.prompt == "another"
