"""The stage without a page: what it shows while pictures form, stop, fail and are made again."""

import re

from widgets.explore.bench_use import ask, held, listed, wait

import dwlab
from dwlab.errors import InvalidInput
from dwlab.events import Failed, Started, Step


def states(bench):
    return [tile["state"] for tile in bench.stage]


def test_several_pictures_say_which_one_is_at_which_step(bench):
    bench.controls = {**bench.controls, "count": 2, "steps": 3}
    with held(bench, at=lambda event: event.kind == "step" and event.index == 1) as is_held:
        ask(bench, "run")
        assert is_held.wait(120)
        assert re.match(r"Picture 1 of 2, step \d of 3", bench.status["text"])
    wait(bench)
    assert states(bench) == ["done", "done"]
    assert [tile["facts"]["seed"] for tile in bench.stage] == ["seed 1", "seed 2"]
    assert {tile["facts"]["size"] for tile in bench.stage} == {"64 × 64"}


def test_cancelling_leaves_what_there_is_and_says_where_it_stopped(bench):
    bench.controls = {**bench.controls, "steps": 5}
    ask(bench, "run")
    wait(bench)
    # the first picture comes from the store, and the others form together
    with held(bench, at=lambda event: event.kind == "step" and event.step == 3) as is_held:
        ask(bench, "run", controls={"count": 3})
        assert is_held.wait(120)
        ask(bench, "cancel")
    wait(bench)
    assert states(bench) == ["done", "stopped", "stopped"]
    first, second, third = bench.stage
    assert first["key"]
    for tile in (second, third):
        assert re.fullmatch(r"stopped at step [2-5] of 5", tile["note"])
        assert tile["src"]
    assert bench.status["text"] == "Stopped. 1 finished picture is kept."
    assert bench.status["tone"] == ""


def test_the_stage_keeps_its_pictures_until_there_are_new_ones(bench):
    ask(bench, "run")
    wait(bench)
    before = bench.stage
    with held(bench) as is_held:
        ask(bench, "run", controls={"seed": 2})
        assert is_held.wait(120)
        assert bench.stage == before
        ask(bench, "cancel")
    wait(bench)
    assert states(bench) != []


def test_an_error_about_a_field_is_said_there_and_keeps_the_pictures(bench):
    ask(bench, "run")
    wait(bench)
    before = bench.stage

    def refuse(cells, **_):
        raise InvalidInput("prompt", cells[0].params.prompt, "at most 75 tokens for model 'shapes'")
        yield

    bench.session._render = refuse
    ask(bench, "run", controls={"seed": 2})
    wait(bench)
    assert bench.stage == before
    assert bench.problems == {"prompt": "At most 75 tokens for model 'shapes'."}
    assert "prompt is" not in bench.status["text"]
    bench.controls = {**bench.controls, "prompt": "another"}
    assert bench.problems == {}


def test_an_error_in_the_middle_marks_the_pictures_that_it_stopped(bench):
    def break_off(cells, **_):
        yield Started(0, cells[0].params)
        yield Step(0, cells[0].params, 1, 2)
        raise RuntimeError("the device is gone")

    bench.session._render = break_off
    ask(bench, "run", controls={"count": 2})
    wait(bench)
    assert [tile["note"] for tile in bench.stage] == ["stopped at step 1 of 2", "not started"]
    assert "the device is gone" in bench.status["text"]


def test_a_failed_picture_says_why_in_its_place(bench):
    def fail(cells, **_):
        yield Failed(0, cells[0].params, "no memory", "oom")

    bench.session._render = fail
    ask(bench, "run")
    wait(bench)
    assert (bench.stage[0]["state"], bench.stage[0]["note"]) == ("failed", "no memory")


def test_a_picture_is_made_again_and_compared(bench):
    ask(bench, "run")
    wait(bench)
    key = bench.stage[0]["key"]
    stage, history = bench.stage, listed(bench)
    ask(bench, "rerun", key=key)
    wait(bench)
    assert bench.status["text"] == "Made again: exactly the same picture."
    assert (bench.stage, listed(bench)) == (stage, history)
    ask(bench, "rerun", key="no such key")
    assert "key" in bench.problems[""]


def test_the_settings_of_a_picture_can_be_taken_without_touching_the_stage(bench):
    bench.controls = {**bench.controls, "count": 2}
    ask(bench, "run")
    wait(bench)
    bench.controls = {**bench.controls, "steps": 9}
    second = bench.stage[1]["key"]
    ask(bench, "restore", key=second, onto_stage=False)
    assert (bench.params.steps, bench.params.seed) == (2, 2)
    assert len(bench.stage) == 2
    ask(bench, "restore", key=second)
    assert [tile["key"] for tile in bench.stage] == [second]


def test_a_new_bench_shows_the_newest_picture(bench):
    ask(bench, "run", controls={"count": 2})
    wait(bench)
    newest = bench.stage[1]["key"]
    again = dwlab.explore()
    assert [tile["key"] for tile in again.stage] == [newest]
    again.close()
