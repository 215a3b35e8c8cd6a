"""The prompt bench without a page: what its traits show, and what is there for the next cells."""

from widgets.explore.bench_use import ask, held, listed, wait

import dwlab
from dwlab.events import Failed, Started
from dwlab.render.renderer import render


def test_params_image_and_history_are_there_for_the_next_cells(bench):
    assert bench.image is None
    assert len(bench.history) == 0
    ask(bench, "run")
    wait(bench)
    assert bench.image.size == (64, 64)
    assert list(bench.history["seed"]) == [1]
    assert (bench.params.prompt, bench.params.steps) == ("a star", 2)
    ask(bench, "mark", keys=[listed(bench)[0]["key"]], mark="pin", value=1)
    bench.controls = {**bench.controls, "seed": 2}
    ask(bench, "run")
    wait(bench)
    assert [entry["text"].partition("seed ")[2][0] for entry in listed(bench)] == [
        "1",
        "2",
    ]  # the pinned one first
    assert (
        bench.image.tobytes()
        != dwlab.generate("a star", steps=2, width=64, height=64, seed=1).image.tobytes()
    )


def test_restoring_a_picture_during_a_run_does_not_disturb_the_run(bench):
    ask(bench, "run")
    wait(bench)
    bench.controls = {**bench.controls, "count": 4, "steps": 4, "seed": 10}
    with held(bench, at=lambda event: event.kind == "done") as is_held:
        ask(bench, "run")
        assert is_held.wait(120)
        ask(bench, "restore", key=listed(bench)[0]["key"])
        assert bench.controls["steps"] == 2
        assert len(bench.stage) == 4
    wait(bench)
    assert [tile["state"] for tile in bench.stage] == ["done"] * 4
    assert len(listed(bench)) == 5


def test_a_run_with_a_failed_picture_is_not_reported_as_done(bench):
    def render(cells, **_):
        yield Started(0, cells[0].params)
        yield Failed(0, cells[0].params, "no memory", "oom")

    bench._session._render = render
    ask(bench, "run")
    wait(bench)
    assert bench.status["text"].startswith("1 of 1 pictures failed")
    assert (bench.stage[0]["state"], bench.stage[0]["note"]) == ("failed", "no memory")


def test_wrong_fields_are_reported_and_nothing_runs(bench):
    bench.controls = {**bench.controls, "steps": 0, "width": 65}
    assert set(bench.problems) == {"steps", "width"}
    ask(bench, "run")
    assert set(bench.problems) == {"steps", "width"}
    assert bench._session.unfinished == 0
    bench.controls = {**bench.controls, "steps": 2, "width": 64}
    ask(bench, "restore", key="no such key")
    assert "key" in bench.problems[""]
    ask(bench, "cancel")
    assert "" not in bench.problems


def test_a_failure_stays_visible_while_the_next_job_runs(bench):
    def fail_first(cells, **options):
        if cells[0].params.seed == 1:
            yield Failed(0, cells[0].params, "no memory", "oom")
        else:
            yield from render(cells, **options)

    bench._session._render = fail_first
    with held(bench):
        ask(bench, "run", controls={"seed": 1})
        ask(bench, "run", controls={"seed": 2})
    wait(bench)
    assert "1 of 1 pictures failed" in bench.notice
    assert bench.status["text"].startswith("Done")
    ask(bench, "run", controls={"seed": 3})
    assert bench.notice == ""
    wait(bench)


def test_cancel_says_nothing_if_nothing_runs(bench):
    before = dict(bench.status)
    ask(bench, "cancel")
    assert bench.status == before
