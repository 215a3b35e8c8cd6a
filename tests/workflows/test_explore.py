"""Exploring without a screen: the queue, the store behind it, and what was made before."""

import threading

import pytest

from dwlab.errors import InvalidInput
from dwlab.pictures.picture import Picture
from dwlab.render.renderer import render
from dwlab.runs.keep import Reused
from dwlab.runs.results import Results
from dwlab.spec.params import GenerationParams
from dwlab.workflows.explore import NAME, Session, differences, neighbours

PARAMS = GenerationParams("a red star", seed=1, steps=2, width=64, height=64)


class Listener:
    """Collects what a session tells; `wait` returns once it said `end` so many times."""

    def __init__(self):
        self.heard, self.ends = [], threading.Semaphore(0)

    def __call__(self, kind, what):
        self.heard.append((kind, what))
        if kind == "end":
            self.ends.release()

    def wait(self, count=1):
        for _ in range(count):
            assert self.ends.acquire(timeout=120)

    def results(self):
        return [what.result for kind, what in self.heard if kind == "event" and what.kind == "done"]


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
    assert [kind for kind, _ in session.listener.heard if kind != "event"] == ["begin", "end"] * 2
    keys = [row["key"] for row in session.history()]
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
    assert [row["key"] for row in session.history()][:2] == [last.key, first.key]


def test_equal_recipes_are_made_once_and_each_is_told(session):
    session.make([PARAMS, PARAMS.replace(seed=2), PARAMS])
    session.listener.wait()
    events = [what for kind, what in session.listener.heard if kind == "event"]
    done = {event.index: event.result for event in events if event.kind == "done"}
    assert sorted(event.index for event in events if event.kind == "started") == [0, 1, 2]
    assert (
        isinstance(done[0], Picture)
        and isinstance(done[1], Picture)
        and isinstance(done[2], Reused)
    )
    assert done[0].key == done[2].key and done[0].image.tobytes() == done[2].image.tobytes()
    assert [row["key"] for row in session.history()] == [done[1].key, done[0].key]


def test_the_history_outlives_the_session_and_keeps_its_marks(session):
    session.make([PARAMS, PARAMS.replace(seed=2), PARAMS.replace(seed=3)])
    session.listener.wait()
    one, two, three = (picture.key for picture in session.listener.results())
    session.mark(one, "pin", 1)
    session.mark(two, "hide", 1)
    session.mark(three, "stars", 4)
    session.mark(three, "note", "<b>keep</b>")
    later = Session(session.root, render, lambda *_, **__: None, print)
    assert [row["key"] for row in later.history()] == [one, three]  # pinned first, hidden left out
    assert later.history()[1]["marks"] == {"stars": 4, "note": "<b>keep</b>"}
    later.mark(three, "stars", 2)
    assert later.history()[1]["marks"]["stars"] == 2


@pytest.mark.parametrize(
    ("mark", "value"), [("stars", 6), ("stars", "5"), ("pin", 2), ("note", "x" * 2001), ("like", 1)]
)
def test_marks_are_checked(session, mark, value):
    with pytest.raises(InvalidInput):
        session.mark("key", mark, value)


def test_cancel_stops_within_a_step_and_passes_over_what_waits(session):
    long = PARAMS.replace(steps=1000)
    started = threading.Event()
    inner = session._listener

    def listen(kind, what):
        inner(kind, what)
        if kind == "event" and what.kind == "step":
            started.set()

    session._listener = listen
    session.make([long])
    session.make([PARAMS])
    assert started.wait(120)
    session.cancel()
    session.listener.wait(2)
    assert session.history() == []
    steps = [
        what.step
        for kind, what in session.listener.heard
        if kind == "event" and what.kind == "step"
    ]
    assert max(steps) < 1000
    session.make([PARAMS])  # and goes on with what is asked for next
    session.listener.wait()
    assert len(session.history()) == 1


def test_an_error_is_told_in_words_and_the_next_job_runs(session):
    session.make([PARAMS.replace(call={"no_such_argument": 1})])
    session.make([PARAMS])
    session.listener.wait(2)
    ends = [what for kind, what in session.listener.heard if kind == "end"]
    assert "no_such_argument" in ends[0]
    assert ends[1] == ""


def test_each_step_offers_a_rough_picture(session):
    session.make([PARAMS])
    session.listener.wait()
    rough = [
        what.preview()
        for kind, what in session.listener.heard
        if kind == "event" and what.kind == "step"
    ]
    assert [picture.size for picture in rough] == [(8, 8)] * 2


def test_neighbours_lie_beside_a_recipe():
    assert [one.seed for one in neighbours(PARAMS, "seed")] == [2, 3, 4, 5]
    assert [one.guidance for one in neighbours(PARAMS.replace(guidance=5), "guidance")] == [
        3,
        4,
        6.25,
        8,
    ]
    assert [one.steps for one in neighbours(PARAMS.replace(steps=20), "steps")] == [10, 15, 30, 40]
    assert [one.steps for one in neighbours(PARAMS.replace(steps=1), "steps")] == [2]
    assert [one.steps for one in neighbours(PARAMS.replace(steps=800), "steps")] == [400, 600, 1000]
    others = [one.scheduler for one in neighbours(PARAMS, "scheduler")]
    assert len(set(others)) == 4 and PARAMS.scheduler not in others
    assert [one.seed for one in neighbours(PARAMS.replace(seed=2**63 - 1), "seed")][:2] == [0, 1]
    with pytest.raises(InvalidInput):
        neighbours(PARAMS, "prompt")


def test_differences_name_what_changed():
    a, b = PARAMS.as_dict(), PARAMS.replace(steps=9, negative_prompt="blue").as_dict()
    assert differences(a, b) == [("steps", 2, 9), ("negative_prompt", None, "blue")]
