"""Workers that die, on a cluster of their own: other tests need theirs alive."""

from __future__ import annotations

from dataclasses import replace

import fake_tasks
import pytest

from dwlab.cluster.connect import connected
from dwlab.cluster.driver import render_on
from dwlab.cluster.pace import Pace
from dwlab.cluster.waits import Waits
from dwlab.errors import RenderError
from dwlab.events import Done, Failed, WorkerChanged
from dwlab.spec.compute import Compute
from dwlab.spec.where import parse

WAITS = Waits(look=0.1, present=1.0)
PACE = Pace(seconds=0.3, least=0.05, first=2)
pytestmark = pytest.mark.slow


@pytest.fixture
def client():
    with connected(parse("cpu*2")) as client:
        yield client


def run(client, cells, **options):
    options = {"task": fake_tasks.make, "pace": PACE, "waits": WAITS, **options}
    return list(render_on(client, cells, compute=Compute(), **options))


def ends(events):
    return [event for event in events if isinstance(event, Done | Failed)]


def test_a_cell_that_ends_its_worker_twice_fails_and_the_others_are_made(client, cells):
    todo = [*cells(12, steps=1), *cells(1, prompt="dies")]
    todo = [replace(cell, position=number) for number, cell in enumerate(todo)]
    events = ends(run(client, todo))
    assert sorted(event.index for event in events) == list(range(13))
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert failed.index == 12
    assert failed.error == "its worker died twice"


def test_a_worker_that_hangs_is_restarted_and_its_cells_are_made(client, cells, tmp_path):
    todo = [*cells(8, steps=1), *cells(1, prompt=f"sleeps:{tmp_path}/slept")]
    todo = [replace(cell, position=number) for number, cell in enumerate(todo)]
    pace = replace(PACE, patience=(1.0, 4.0), unknown=4.0, late=(100.0, 100.0))
    events = run(client, todo, pace=pace)
    assert sorted(event.index for event in ends(events)) == list(range(9))
    assert all(isinstance(event, Done) for event in ends(events))
    assert any(isinstance(event, WorkerChanged) and event.state == "left" for event in events)


def test_a_worker_that_dies_of_the_question_is_not_asked_for_ever(client, cells, monkeypatch):
    monkeypatch.setattr("dwlab.cluster.tasks.check", fake_tasks.dies_of_the_question)
    with pytest.raises(RenderError, match=r"cpu:. is refused: its process ended each time"):
        run(client, cells(1), waits=replace(WAITS, notice=1.0))


def test_a_worker_that_hangs_at_the_question_is_not_waited_for(client, cells, monkeypatch):
    monkeypatch.setattr("dwlab.cluster.tasks.check", fake_tasks.hangs_at_the_question)
    with pytest.raises(RenderError, match=r"cpu:. is refused: .* first picture and gave no answer"):
        run(client, cells(1), waits=replace(WAITS, answer=1.0, notice=1.0))
