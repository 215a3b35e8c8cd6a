"""The form "Sweep this" of the prompt bench: plan, write and run."""

import pytest
from widgets.explore.bench_use import ask, held, wait

import dwlab
from dwlab.errors import InvalidInput


def test_a_sweep_never_replaces_another_of_the_same_name(bench):
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="run")
    wait(bench)
    assert bench.sweeping["sheet"]["dark"].startswith("data:image/")
    ask(bench, "sweep", name="trial", axes={"steps": "1, 3"}, action="run")
    assert bench.form["field"] == "name" and bench.plan == {}
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="write")
    assert bench.plan["command"] == "dwlab sweep experiments/trial.yaml"
    ask(bench, "sweep", name="trial", axes={"steps": "1, 3"}, action="write")
    assert "experiments/" in bench.form["text"] and bench.plan == {}
    assert dwlab.Sweep.from_yaml("experiments/trial.yaml").axes == {"steps": [1, 2]}
    with pytest.raises(InvalidInput):
        bench.sweep_this("trial", {}, "plan")


def test_a_plan_is_counted_again_after_its_run(bench):
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="run")
    wait(bench)
    assert "2 done, 0 to do" in bench.plan["counts"]
    ask(bench, "sweep", name="another", axes={"steps": "1, 2, 3"}, action="plan")
    assert bench.sweeping == {}
    with held(bench):
        # behind a picture, the sweep has not ended when the other one is planned
        ask(bench, "run")
        ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="run")
        ask(bench, "sweep", name="another", axes={"steps": "1, 2, 3"}, action="plan")
    wait(bench)
    assert bench.plan["name"] == "another" and bench.sweeping["name"] == "trial"
    assert not bench.sweeping["running"] and "sheet" in bench.sweeping


def test_two_different_sweeps_of_one_name_cannot_be_queued(bench):
    with held(bench):
        ask(bench, "run")
        ask(bench, "sweep", name="trial", axes={"seed": "1, 2"}, action="run")
        ask(bench, "sweep", name="trial", axes={"seed": "3"}, action="run")
        assert bench.form["field"] == "name"
        ask(bench, "cancel")


def test_a_stopped_sweep_shows_the_pictures_it_made(bench):
    def stop(change):
        if change["new"]["text"].startswith("2 of 4 pictures"):
            ask(bench, "cancel")

    bench.observe(stop, "status")
    ask(bench, "sweep", name="trial", axes={"seed": "1, 2", "steps": "1, 1000"}, action="run")
    wait(bench)
    assert "2 done, 2 to do" in bench.plan["counts"]
    assert bench.sweeping["sheet"]["dark"].startswith("data:image/")
    assert "Stopped" in bench.sweeping["text"] and not bench.sweeping["running"]


@pytest.mark.parametrize(
    ("axes", "name", "field"),
    [
        ({"steps": "zero"}, "trial", "steps"),
        ({"steps": "1, 2000"}, "trial", "steps"),
        ({"seed": "{range: [0, 4, 0]}"}, "trial", "seed"),
        ({"seed": "[1, "}, "trial", "seed"),
        ({"steps": "1"}, "../x", "name"),
        ({"steps": "1"}, "", "name"),
        ({}, "trial", ""),
    ],
)
def test_an_error_in_the_form_names_its_field_and_removes_the_old_plan(bench, axes, name, field):
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"})
    assert "2 cells" in bench.plan["counts"] and bench.form == {}
    ask(bench, "sweep", name=name, axes=axes, page_id="this page")
    assert (bench.form["tone"], bench.form["field"], bench.form["page_id"]) == (
        "bad",
        field,
        "this page",
    )
    assert bench.plan == {} and bench.problems == {}


def test_only_a_control_that_is_swept_may_hold_a_wrong_value(bench):
    bench.controls = {**bench.controls, "steps": 0}
    ask(bench, "sweep", name="trial", axes={"steps": "1, 2"})
    assert "2 cells" in bench.plan["counts"]
    ask(bench, "sweep", name="trial", axes={"seed": "1, 2"})
    assert bench.form["field"] == "steps"


def test_news_about_a_sweep_disappears_when_a_field_changes(bench):
    axes = {"steps": {"on": True, "values": "1, 2"}, "seed": {"on": False, "values": ""}}
    form = {"name": "trial", "axes": axes}
    changes = [
        lambda: setattr(bench, "controls", {**bench.controls, "prompt": "another"}),
        lambda: setattr(bench, "page", {**bench.page, "name": "other"}),
        lambda: setattr(
            bench, "page", {**bench.page, "axes": {**axes, "steps": {"on": True, "values": "1"}}}
        ),
    ]
    for change in changes:
        ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, page=form)
        assert bench.plan["counts"]
        # These arrive late, and change nothing that the plan depends on.
        bench.page = {**bench.page, **form, "chosen": "x", "open": True}
        bench.controls = {**bench.controls, "count": 2, "prompt": bench.controls["prompt"]}
        assert bench.plan["counts"]
        change()
        assert bench.plan == {} and bench.form == {}
    ask(bench, "sweep", name="../x", axes={"steps": "1, 2"}, page=form)
    assert bench.form["tone"] == "bad"
    changes[0]()
    assert bench.form["tone"] == "bad"  # the prompt is as it was
    bench.controls = {**bench.controls, "prompt": "a third"}
    assert bench.form == {}


def test_a_waiting_sweep_says_so_until_it_starts_or_is_cancelled(bench):
    with held(bench):
        ask(bench, "run")
        ask(bench, "sweep", name="trial", axes={"steps": "1, 2"}, action="run")
        assert bench.form["waiting"] == "trial"
        ask(bench, "cancel")
    wait(bench)
    assert bench.form == {} and not bench.sweeping.get("running")
