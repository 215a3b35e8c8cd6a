"""The workers of a cluster, as bars, logs and panels tell of them."""

from __future__ import annotations

import io

import pytest

from dwlab.events import Connected, Done, Started, WorkerChanged
from dwlab.runs.eta import Pace
from dwlab.runs.work import Work
from dwlab.runs.workers import Workers, rate_text
from dwlab.spec.params import GenerationParams
from dwlab.views.progress import Progress
from dwlab.workflows.runlog import RunLog


def worker(number, state="working", **more):
    return WorkerChanged(f"cuda:{number}", state, machine="gpu1", device=f"cuda:{number}", **more)


def workers(*events):
    told = Workers()
    for event in events:
        told.update(event)
    return told


def test_without_a_cluster_nothing_is_said_of_workers():
    assert Workers().text() == ""


def test_few_workers_are_named_with_the_rate_of_each():
    told = workers(worker(0, rate=2.13), worker(1, rate=0.25))
    assert told.text() == "2 workers (cuda:0 2.13/s, cuda:1 15/min)"


def test_many_workers_have_one_rate_and_those_that_are_gone_or_refused_are_counted():
    several = [worker(number, rate=2.0) for number in range(10)]
    told = workers(*several, worker(3, "left", rate=2.0, reason="lost"), worker(10, "refused"))
    assert told.text() == "9 workers, 18/s, 1 left, 1 refused"


def test_a_worker_that_comes_back_under_its_name_is_one_worker():
    told = workers(worker(0), worker(0, "left", reason="lost"), worker(0, "idle"))
    assert told.text() == "1 worker"


@pytest.mark.parametrize(
    ("rate", "text"), [(0, "-"), (31.24, "31.2/s"), (0.25, "15/min"), (0.01, "36/h")]
)
def test_rates_are_in_a_unit_that_people_can_read(rate, text):
    assert rate_text(rate) == text


class Clock:
    time = 0.0

    def __call__(self):
        return self.time


def test_the_time_that_no_picture_is_known_to_form_counts_while_workers_work():
    """A worker may tell of a chunk's pictures only when they are done."""
    clock = Clock()
    pace = Pace(Work.equal(100), now=clock)
    pace.update(worker(0))
    for start in range(0, 40, 10):
        clock.time += 30
        for index in range(start, start + 10):
            pace.update(Started(index, GenerationParams("a star")))
            pace.update(Done(index, GenerationParams("a star"), None))
    # without this time it would be nothing
    assert pace.left == pytest.approx(180, rel=0.3)


def test_before_anything_is_measured_the_plan_is_divided_by_the_workers():
    pace = Pace(Work(rows={0: 1, 1: 1}, costs={0: 60.0, 1: 60.0}, in_seconds=True))
    assert pace.left == 120
    pace.update(worker(0))
    pace.update(worker(1))
    assert pace.left == 60


def test_the_bar_and_the_log_tell_of_workers_and_why_one_is_gone(tmp_path):
    log = RunLog(tmp_path / "run.log")
    text = io.StringIO()
    with Progress(Pace(4), stream=text, every=0) as progress:
        for event in (
            Connected("dask://127.0.0.1:8786", "http://127.0.0.1:8787/status"),
            worker(0, rate=2.0),
            worker(0, "idle", rate=2.0),
            worker(1, "refused", reason="its torch is 2.9, here it is 2.11"),
            worker(0, "left", reason="its connection was lost"),
        ):
            progress.update(event)
            log.event(event)
    assert "1 worker (cuda:0 2/s)" in text.getvalue()
    assert "0 workers, 1 left, 1 refused" in text.getvalue()
    lines = [line.split(" ", 1)[1] for line in log.path.read_text("utf-8").splitlines()]
    assert lines == [
        "connected: dask://127.0.0.1:8786, dashboard http://127.0.0.1:8787/status",
        "worker cuda:0 joined: cuda:0 of gpu1",
        "worker cuda:1 refused: its torch is 2.9, here it is 2.11",
        "worker cuda:0 left: its connection was lost",
    ]
