"""The driver on real workers: every cell ends once, whatever happens to them."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

import fake_tasks
import pytest
from distributed import Client, LocalCluster

from dwlab.cluster.driver import render_on
from dwlab.cluster.pace import Pace
from dwlab.cluster.waits import Waits
from dwlab.errors import RenderError
from dwlab.events import Done, Failed, Started, WorkerChanged
from dwlab.render.renderer import render
from dwlab.spec.compute import Compute

WAITS = Waits(look=0.1, present=1.0, notice=0.5, stop=5.0)
PACE = Pace(seconds=0.3, least=0.05, first=2)


def run(client, cells, **options):
    options = {"task": fake_tasks.make, "pace": PACE, "waits": WAITS, **options}
    return list(render_on(client, cells, compute=Compute(), **options))


def ends(events):
    return [event for event in events if isinstance(event, Done | Failed)]


def test_every_cell_is_made_once(client, cells):
    events = run(client, cells(60, steps=1))
    assert sorted(event.index for event in ends(events)) == list(range(60))
    started = Counter(event.index for event in events if isinstance(event, Started))
    assert started == Counter(range(60))
    makers = {event.result.key for event in ends(events)}
    assert len(makers) == 60


def test_it_tells_who_works(client, cells):
    events = [each for each in run(client, cells(30, steps=1)) if isinstance(each, WorkerChanged)]
    assert {event.worker for event in events} == {"cpu:0", "cpu:1"}
    assert events[0].state == "idle"
    assert sum(max(e.made for e in events if e.worker == w) for w in ("cpu:0", "cpu:1")) <= 30


def test_what_runs_out_of_memory_alone_has_that_status(client, cells):
    (event,) = ends(run(client, cells(1, prompt="memory")))
    assert isinstance(event, Failed)
    assert event.status == "oom"
    assert event.error == "its worker ran out of memory twice"


def test_what_a_task_raises_is_the_reason(client, cells):
    (event,) = ends(run(client, cells(1, prompt="raises")))
    assert isinstance(event, Failed)
    assert event.error == "its worker raised ValueError: as it was told to twice"


def test_cancelling_ends_it(client, cells):
    cancel = threading.Event()
    rendering = render_on(
        client,
        cells(1000, steps=1),
        compute=Compute(),
        cancel=cancel,
        task=fake_tasks.make,
        pace=PACE,
        waits=WAITS,
    )
    made = 0
    for event in rendering:
        if isinstance(event, Done):
            made += 1
            cancel.set()
    assert 0 < made < 500


def test_a_picture_that_is_not_wanted_ends_without_an_event(client, cells):
    events = ends(run(client, cells(10, steps=1), dropped=lambda position: position % 2 == 0))
    indices = {event.index for event in events}
    assert set(range(1, 10, 2)) <= indices


@pytest.mark.slow
def test_half_of_a_late_chunk_goes_to_an_idle_worker(client, cells, tmp_path):
    todo = [*cells(4, prompt=f"sleeps:{tmp_path}/slept", steps=1), *cells(8, steps=1)]
    todo = [replace(cell, position=number) for number, cell in enumerate(todo)]
    pace = replace(PACE, late=(1.0, 0.2), patience=(100.0, 1000.0), first=6)
    events = run(client, todo, pace=pace)
    assert sorted(event.index for event in ends(events)) == list(range(12))


def test_without_a_worker_it_waits_and_then_says_so(cells):
    says = "no worker took a picture for .*; finished pictures are saved; run the same command"
    with (
        LocalCluster(n_workers=0, dashboard_address=None) as cluster,
        Client(cluster) as client,
        pytest.raises(RenderError, match=says),
    ):
        run(client, cells(1), waits=replace(WAITS, lonely=1.5))


def test_a_worker_that_cannot_be_asked_is_refused_with_the_reason(client, cells, monkeypatch):
    monkeypatch.setattr("dwlab.cluster.tasks.check", fake_tasks.cannot_be_asked)
    says = r"cpu:. is refused: it raised ImportError: no dwlab here"
    with pytest.raises(RenderError, match=says):
        run(client, cells(1))


def test_without_the_scheduler_it_ends_and_says_so(cells):
    with (
        LocalCluster(
            n_workers=1, processes=False, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        Client(cluster.scheduler_address) as client,
        pytest.raises(RenderError, match="the scheduler of the workers is gone"),
    ):
        run_until_done(client, cells(500, steps=1), cluster.close)


def run_until_done(client, cells, then):
    """Run cells, and do something once the first is made."""
    for event in render_on(
        client, cells, compute=Compute(), task=fake_tasks.make, pace=PACE, waits=WAITS
    ):
        if isinstance(event, Done):
            then()


@pytest.mark.slow
def test_pictures_of_the_embedded_model_are_those_of_a_local_run(client, cells):
    todo = cells(6, steps=2)
    local = {e.index: e.result for e in render(todo, compute=Compute()) if isinstance(e, Done)}
    events = list(render_on(client, todo, compute=Compute(), waits=WAITS))
    made = {event.index: event.result for event in events if isinstance(event, Done)}
    assert made.keys() == local.keys()
    assert all(made[index].key == local[index].key for index in made)
