"""The prompt bench without a page: what its traits show, and what serves in the next cell."""

import time

import pytest

import dwlab
from dwlab.errors import InvalidInput
from dwlab.events import Event


@pytest.fixture
def bench(tmp_path, monkeypatch):
    (tmp_path / "experiments").mkdir()
    monkeypatch.chdir(tmp_path)
    bench = dwlab.explore()
    bench.controls = {
        **bench.controls,
        "prompt": "a star",
        "steps": 2,
        "width": 64,
        "height": 64,
        "seed": 1,
        "locked": True,
    }
    yield bench
    bench.close()


def ask(bench, do, **arguments):
    bench._asked({"do": do, **arguments}, [])


def wait(bench):
    deadline = time.monotonic() + 120
    while bench._session.unfinished or not bench.status["text"].startswith(
        ("Done", "Made", "Stopped", "1 of", "trial")
    ):
        assert time.monotonic() < deadline, bench.status
        time.sleep(0.05)


def test_what_serves_in_the_next_cell(bench):
    assert bench.image is None
    assert len(bench.history) == 0
    ask(bench, "run")
    wait(bench)
    assert bench.image.size == (64, 64)
    assert list(bench.history["seed"]) == [1]
    assert (bench.params.prompt, bench.params.steps) == ("a star", 2)
    ask(bench, "mark", key=bench.strip[0]["key"], mark="pin", value=1)
    bench.controls = {**bench.controls, "seed": 2}
    ask(bench, "run")
    wait(bench)
    assert [entry["text"].partition("seed ")[2][0] for entry in bench.strip] == ["1", "2"]  # the pinned one first
    assert bench.image.tobytes() != dwlab.generate("a star", steps=2, width=64, height=64, seed=1).image.tobytes()


def test_going_back_while_pictures_form_disturbs_none_of_them(bench):
    ask(bench, "run")
    wait(bench)
    bench.controls = {**bench.controls, "count": 4, "steps": 40, "seed": 10}
    ask(bench, "run")
    deadline = time.monotonic() + 120
    while [tile["state"] for tile in bench.stage] != ["forming"] * 4:  # all of a call, not the first alone
        assert time.monotonic() < deadline, bench.stage
        time.sleep(0.01)
    ask(bench, "restore", key=bench.strip[0]["key"])
    assert bench.controls["steps"] == 2
    wait(bench)
    assert [tile["state"] for tile in bench.stage] == ["done"] * 4
    assert len(bench.strip) == 5


def test_a_picture_that_fails_is_not_called_done(bench):
    def render(params, **_):
        yield Event("started", 0, params[0])
        yield Event("failed", 0, params[0], error="no memory", status="oom")

    bench._session._render = render
    ask(bench, "run")
    wait(bench)
    assert bench.status["text"].startswith("1 of 1 pictures failed")
    assert (bench.stage[0]["state"], bench.stage[0]["note"]) == ("failed", "no memory")


def test_what_is_wrong_is_said_and_nothing_runs(bench):
    bench.controls = {**bench.controls, "steps": 0, "width": 65}
    assert set(bench.problems) == {"steps", "width"}
    ask(bench, "run")
    assert "steps" in bench.problems[""]
    assert bench._session.unfinished == 0
    bench.controls = {**bench.controls, "steps": 2, "width": 64}
    ask(bench, "restore", key="no such key")
    assert "key" in bench.problems[""]
    ask(bench, "cancel")
    assert "" not in bench.problems


def test_another_scheduler_takes_no_options_of_the_one_before(bench):
    bench.controls = {**bench.controls, "scheduler": "DPM++ 2M Karras", "negative_prompt": "{blue}"}
    cells = bench._sweep("trial", {"scheduler": "DDIM, Euler"}).cells()
    assert [dict(cell.params.scheduler_options) for cell in cells] == [{}, {}]
    assert {cell.params.negative_prompt for cell in cells} == {"{blue}"}


def test_a_sweep_never_takes_the_place_of_another(bench):
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="run")
    wait(bench)
    assert bench.plan["grid"].startswith("data:image/")
    ask(bench, "sweep", name="trial", axes={"steps": "1, 3"}, action="run")
    assert "name" in bench.problems[""]
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="write")
    assert bench.plan["command"] == "dwlab sweep experiments/trial.yaml"
    ask(bench, "sweep", name="trial", axes={"steps": "1, 3"}, action="write")
    assert "experiments/" in bench.problems[""]
    assert dwlab.Sweep.from_yaml("experiments/trial.yaml").axes == {"steps": [1, 2]}
    with pytest.raises(InvalidInput):
        bench.sweep_this("trial", {}, "plan")
