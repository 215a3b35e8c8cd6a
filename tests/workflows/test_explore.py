"""The prompt bench without its screen: the queue, the store behind it, and the history."""

import threading

import pytest

from dwlab.errors import InvalidInput
from dwlab.events import Done, Started, Step
from dwlab.pictures.picture import Picture
from dwlab.render.renderer import render
from dwlab.runs.keep import Reused
from dwlab.runs.results import Results
from dwlab.spec.params import GenerationParams
from dwlab.workflows.explore import NAME, Session, TaskEnded, TaskStarted

PARAMS = GenerationParams("a red star", seed=1, steps=2, width=64, height=64)


class Listener:
    """Collects what a session tells; `wait` returns once so many tasks have ended."""

    def __init__(self):
        self.heard, self.ends = [], threading.Semaphore(0)

    def __call__(self, event):
        self.heard.append(event)
        if isinstance(event, TaskEnded):
            self.ends.release()

    def wait(self, count=1):
        for _ in range(count):
            assert self.ends.acquire(timeout=120)

    def all_of(self, kind):
        return [event for event in self.heard if isinstance(event, kind)]

    def results(self):
        return [event.result for event in self.all_of(Done)]


@pytest.fixture
def session(tmp_path):
    listener = Listener()
    session = Session(tmp_path, render, lambda *_, **__: None, listener)
    session.listener = listener
    yield session
    session.close()


def test_pictures_are_kept_and_the_newest_comes_first(session):
    session.make([PARAMS])
    session.make([PARAMS.replace(seed=2), PARAMS.replace(seed=3)])
    session.listener.wait(2)
    tasks = session.listener.all_of(TaskStarted | TaskEnded)
    assert [type(event) for event in tasks] == [TaskStarted, TaskEnded] * 2
    keys = [entry.key for entry in session.history()]
    assert keys == [picture.key for picture in reversed(session.listener.results())]
    assert list(Results(session.root).table(NAME)["seed"]) == [1, 2, 3]


def test_a_repeated_recipe_comes_from_the_store_and_moves_to_the_front(session):
    session.make([PARAMS])
    session.make([PARAMS.replace(seed=2)])
    session.make([PARAMS, PARAMS.replace(seed=4)])
    session.listener.wait(3)
    first, _, again, last = session.listener.results()
    assert isinstance(first, Picture) and isinstance(again, Reused) and isinstance(last, Picture)
    assert again.key == first.key
    assert again.image.tobytes() == first.image.tobytes()
    assert [entry.key for entry in session.history()][:2] == [last.key, first.key]


def test_equal_recipes_are_made_once_and_each_is_told(session):
    session.make([PARAMS, PARAMS.replace(seed=2), PARAMS])
    session.listener.wait()
    done = {event.index: event.result for event in session.listener.all_of(Done)}
    started = session.listener.all_of(Started)
    assert sorted(event.index for event in started) == [0, 1, 2]
    assert (
        isinstance(done[0], Picture)
        and isinstance(done[1], Picture)
        and isinstance(done[2], Reused)
    )
    assert done[0].key == done[2].key and done[0].image.tobytes() == done[2].image.tobytes()
    assert [entry.key for entry in session.history()] == [done[1].key, done[0].key]


def test_the_history_outlives_the_session_and_keeps_its_marks(session):
    session.make([PARAMS, PARAMS.replace(seed=2), PARAMS.replace(seed=3)])
    session.listener.wait()
    one, two, three = (picture.key for picture in session.listener.results())
    session.mark(one, "pin", 1)
    session.mark(two, "hide", 1)
    session.mark(three, "stars", 4)
    session.mark(three, "note", "<b>keep</b>")
    later = Session(session.root, render, lambda *_, **__: None, print)
    assert [entry.key for entry in later.history()] == [one, three]  # pinned first, hidden left out
    assert later.history()[1].marks == {"stars": 4, "note": "<b>keep</b>"}
    later.mark(three, "stars", 2)
    assert later.history()[1].marks["stars"] == 2


@pytest.mark.parametrize(
    ("mark", "value"), [("stars", 6), ("stars", "5"), ("pin", 2), ("note", "x" * 2001), ("like", 1)]
)
def test_a_mark_outside_its_range_is_refused(session, mark, value):
    with pytest.raises(InvalidInput):
        session.mark("key", mark, value)


def test_cancel_stops_within_a_step_and_skips_waiting_tasks(session):
    long = PARAMS.replace(steps=1000)
    started, cancelled = threading.Event(), threading.Event()
    inner = session._listener

    def listen(event):
        inner(event)
        if isinstance(event, Step):
            started.set()
            cancelled.wait()

    session._listener = listen
    session.make([long])
    session.make([PARAMS])
    assert started.wait(120)
    session.cancel()
    cancelled.set()
    session.listener.wait(2)
    assert session.history() == []
    assert max(event.step for event in session.listener.all_of(Step)) < 1000
    session.make([PARAMS])  # and goes on with what is asked for next
    session.listener.wait()
    assert len(session.history()) == 1


def test_an_error_is_told_in_words_and_the_next_task_runs(session):
    session.make([PARAMS.replace(call={"no_such_argument": 1})])
    session.make([PARAMS])
    session.listener.wait(2)
    first, second = session.listener.all_of(TaskEnded)
    assert "no_such_argument" in first.error
    assert second.error == ""


def test_each_step_offers_a_rough_picture(session):
    session.make([PARAMS])
    session.listener.wait()
    rough = [event.preview() for event in session.listener.all_of(Step)]
    assert [picture.size for picture in rough] == [(32, 32)] * 2
