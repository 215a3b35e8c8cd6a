"""With a GPU, one rendering after the other has the same thread, in which compiled models know their graphs."""

from __future__ import annotations

import threading

import pytest
from five_methods import guidance_interval
from torch.nn.modules.module import register_module_forward_hook

import dwlab
from dwlab.models import loading
from dwlab.render import threads
from dwlab.spec.params import GenerationParams


@pytest.fixture
def kept(monkeypatch):
    monkeypatch.setattr(threads, "keeps_threads", lambda: True)


@pytest.fixture(scope="module")
def model():
    return loading.load("shapes", "cpu")


def cell():
    return GenerationParams("a red circle", steps=1, guidance=1.0, width=64, height=64)


def drawn_in(model):
    """The threads that drew a picture."""
    seen = set()
    hook = register_module_forward_hook(lambda *_: seen.add(threading.get_ident()))
    try:
        kinds = [event.kind for event in dwlab.stream([cell()], model=model)]
    finally:
        hook.remove()
    assert kinds[-1] == "done"
    return seen


def test_the_next_rendering_has_the_thread_of_the_last_one(model, kept):
    first, second = drawn_in(model), drawn_in(model)
    assert len(first) == 1 and first == second


def test_renderings_at_the_same_time_have_threads_of_their_own(kept):
    begun, go_on = [threading.Event(), threading.Event()], threading.Event()

    def work(number):
        begun[number].set()
        assert go_on.wait(120)

    workers = [threads.on_a_kept_thread(lambda number=number: work(number)) for number in (0, 1)]
    assert all(event.wait(120) for event in begun)
    assert workers[0].ident != workers[1].ident and all(worker.is_alive() for worker in workers)
    go_on.set()
    for worker in workers:
        worker.join(120)
    assert not any(worker.is_alive() for worker in workers)


def test_a_rendering_that_is_left_gives_its_thread_back(model, kept):
    events = dwlab.stream([cell(), cell()], model=model)
    assert next(events).kind == "started"
    events.close()
    first, second = drawn_in(model), drawn_in(model)
    assert first == second


def test_code_of_the_users_own_has_a_thread_that_can_be_given_up(kept):
    assert threads.start_for([cell()]) is threads.on_a_kept_thread
    own = cell().replace(method=guidance_interval)
    assert threads.start_for([cell(), own]) is threads.on_a_new_thread
