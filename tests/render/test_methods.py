"""A user's own method makes the same picture alone and in company, and harms no other cell."""

from __future__ import annotations

import contextlib
import os
import threading

import numpy as np
import pytest
import torch
from counting import Rows
from five_methods import (
    CHANGING,
    FIVE,
    asking,
    asleep,
    drawing_at_will,
    empty,
    endless,
    failing,
    hand_written,
    heavier,
    in_modes,
    interrupting,
    leaving,
    never_done,
    returns_nothing,
    setting,
    sleeping,
    stock,
    three_calls,
    unspeakable,
    unwritable,
    whole_numbers,
    woken,
)
from side_by_side import made
from start_pictures import difference

import dwlab
from dwlab.models import loading
from dwlab.models.settings import denoiser_of
from dwlab.spec.own_code.code import agree
from dwlab.spec.params import GenerationParams

BASE = {"prompt": "a red circle", "width": 64, "height": 64, "guidance": 3.0}


@pytest.fixture(scope="module")
def model():
    return loading.load("shapes", "cpu", "float32")


def cell(method=None, seed=0, steps=3, **values):
    return GenerationParams(**BASE | values, method=method, seed=seed, steps=steps)


def company(*methods):
    """Cells of methods, among stock cells of other seeds and numbers of steps."""
    cells = [cell(method, seed) for method in methods for seed in (0, 1)]
    return [cell(seed=5), *cells, cell(seed=6, steps=4)]


def by_name(methods, quick):
    """Methods as parameters; all but the quick ones are for the long run."""
    return [
        pytest.param(method, id=method.__name__, marks=[] if method in quick else pytest.mark.slow)
        for method in methods
    ]


@pytest.mark.parametrize("method", by_name(FIVE, quick=[three_calls]))
def test_a_method_makes_the_same_picture_alone_and_in_company(model, method):
    alone = made([cell(method), cell(method, 1)], model=model, pack=1)
    with Rows(denoiser_of(model.pipeline)) as rows:
        together = made(company(method), model=model)
    assert max(rows) > 2
    for first, second in zip(alone, together[1:3], strict=True):
        assert difference(first.image, second.image) <= 1
        assert "method" not in second.settings


@pytest.mark.slow
def test_five_methods_in_one_pack_are_exact_to_the_byte(model):
    cells = company(*FIVE)
    together = made(cells, model=model, exact=4)
    for index in (1, 4, 5, 8, 10):
        (alone,) = made([cells[index]], model=model, exact=4)
        assert alone.png() == together[index].png()


@pytest.mark.slow
def test_stock_cells_do_not_notice_methods_beside_them(model):
    expected = made([cell(seed=5), cell(seed=6, steps=4)], model=model, pack=1)
    together = made(company(*FIVE), model=model)
    assert difference(expected[0].image, together[0].image) <= 1
    assert difference(expected[1].image, together[-1].image) <= 1


def test_a_loop_by_hand_and_the_stock_call_within_a_method_are_the_stock_picture(model):
    plain, by_hand, called = made([cell(), cell(hand_written), cell(stock)], model=model)
    assert difference(plain.image, by_hand.image) <= 1
    assert difference(plain.image, called.image) <= 1
    assert len({plain.key, by_hand.key, called.key}) == 3


def changed_by_hand(model, method, seed):
    """The picture that a method makes of a model that nobody else uses."""
    own = loading.load("shapes", "cpu", "float32")
    params = cell(seed=seed)

    class Cell:
        def stock(self):
            return {
                "prompt": params.prompt,
                "num_inference_steps": params.steps,
                "guidance_scale": params.guidance,
                "width": 64,
                "height": 64,
                "generator": torch.Generator().manual_seed(seed),
            }

    with torch.inference_mode():
        return method(own.pipeline, Cell())


@pytest.mark.parametrize("pack", [None, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("method", by_name(CHANGING, quick=[heavier]))
def test_a_method_that_changes_the_model_computes_alone_with_a_copy(model, method, pack):
    before = {name: value.clone() for name, value in model.pipeline.unet.state_dict().items()}
    expected = made([cell(seed=5), cell(seed=6, steps=4)], model=model, pack=1)
    together = made(company(method), model=model, pack=pack)
    own = together[1]
    assert own.settings["method"].startswith("computed alone, with a copy of ")
    assert "unet" in own.settings["method"]
    assert difference(changed_by_hand(model, method, 0), own.image) <= 1
    # others and the model itself stay as they were
    assert difference(expected[0].image, together[0].image) <= 1
    assert difference(expected[1].image, together[-1].image) <= 1
    after = model.pipeline.unet.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def events(cells, **options):
    return {
        event.index: event
        for event in dwlab.stream(cells, **options)
        if event.kind in ("done", "failed")
    }


def test_a_method_that_raises_fails_its_own_cell_with_its_own_lines(model):
    ends = events([cell(), cell(failing), cell(seed=1)], model=model)
    assert [ends[index].kind for index in range(3)] == ["done", "failed", "done"]
    assert ends[1].error == "KeyError: 'a red circle'"
    assert 'File "five_methods.py", line' in ends[1].traceback
    assert "return values[cell.prompt]" in ends[1].traceback
    assert "dwlab" not in ends[1].traceback


@pytest.mark.parametrize("method", by_name([leaving, interrupting], quick=[leaving]))
def test_a_method_that_would_end_the_run_fails_its_own_cell(model, method):
    ends = events([cell(), cell(method), cell(seed=1)], model=model)
    assert [ends[index].kind for index in range(3)] == ["done", "failed", "done"]
    assert ends[1].error.startswith("the method raised ")
    assert f"in {method.__name__}" in ends[1].traceback


@pytest.mark.parametrize("method", [setting, in_modes])
def test_settings_and_modes_of_torch_that_a_method_changes_are_its_own(model, method):
    expected = made([cell(), cell(seed=1)], model=model, pack=1)
    together = made([cell(), cell(method, seed=1)], model=model)
    assert difference(expected[0].image, together[0].image) <= 1
    assert difference(expected[1].image, together[1].image) <= 1
    assert torch.get_default_dtype() == torch.float32
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_method_that_returns_no_picture_says_what_it_may_return(model):
    ends = events([cell(returns_nothing), cell(empty), cell(whole_numbers)], model=model)
    errors = [ends[index].error.partition("; allowed: ") for index in range(3)]
    assert [error for error, _, _ in errors] == [
        "the method returned NoneType",
        "the method returned ndarray [0, 0, 3] of uint8",
        "the method returned ndarray [64, 64, 3] of int64",
    ]
    assert {allowed[:19] for _, _, allowed in errors} == {"a picture of Pillow"}


def test_errors_without_a_text_fail_their_own_cells(model):
    ends = events([cell(unspeakable), cell(unwritable), cell()], model=model)
    assert ends[0].error == "Unspeakable: it has no text"
    assert ends[1].error == r"ValueError: \ud800"
    assert r"\ud800" in ends[1].traceback
    assert ends[2].kind == "done"


def test_steps_of_a_loop_by_hand_are_told(model):
    steps = [
        (event.step, event.steps)
        for event in dwlab.stream([cell(hand_written)], model=model)
        if event.kind == "step"
    ]
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_the_key_has_the_code_and_the_parameters():
    method = cell(FIVE[0]).method
    first = cell(FIVE[0])
    keys = {
        params.key("weights", "float32")
        for params in (
            cell(),
            first,
            first.replace(method=method.with_value("low", 0.3)),
            first.replace(method=method.with_value("low", 0.2)),
        )
    }
    assert len(keys) == 3
    assert np.all(["method" not in cell().as_dict()])


@pytest.fixture
def wake_sleepers():
    yield
    woken.set()
    woken.clear()


@pytest.mark.parametrize("method", by_name([sleeping, endless, never_done], quick=[sleeping]))
@pytest.mark.parametrize("pack", [None, pytest.param(1, marks=pytest.mark.slow)])
def test_a_method_that_blocks_is_stopped_and_all_others_are_made(
    model, method, pack, wake_sleepers
):
    cells = [cell(), cell(method), cell(seed=1), cell(seed=2)]
    ends = events(cells, model=model, method_timeout=1, pack=pack)
    assert [ends[index].kind for index in range(4)] == ["done", "failed", "done", "done"]
    assert "time limit" in ends[1].error
    if method is not never_done:
        assert f"in {method.__name__}" in ends[1].traceback


SLOW_FILE = """
import time

import dwlab

time.sleep(100_000)


@dwlab.method
def plain(pipe, cell):
    return None
"""


@pytest.mark.slow
def test_a_file_that_blocks_while_it_is_loaded_is_stopped(model, tmp_path):
    path = tmp_path / "slow.py"
    path.write_text(SLOW_FILE, "utf-8")
    cells = [cell(), cell(f"{path}:plain"), cell(seed=1)]
    agree(cells[1].method.code)
    ends = events(cells, model=model, method_timeout=1)
    assert [ends[index].kind for index in range(3)] == ["done", "failed", "done"]
    assert "time limit" in ends[1].error


@pytest.mark.slow
@pytest.mark.parametrize("method", by_name([asleep, asking], quick=[]))
def test_a_sleep_and_a_question_are_left_alone(model, method, monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(reading) as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        cells = [cell(), cell(method), cell(seed=1)]
        ends = events(cells, model=model, method_timeout=1)
        # the end of the file, so that the thread that reads can end
        os.close(writing)
    assert [ends[index].kind for index in range(3)] == ["done", "failed", "done"]
    assert "time limit" in ends[1].error
    assert f"in {method.__name__}" in ends[1].traceback


@pytest.mark.slow
def test_a_sleeping_method_does_not_keep_a_cancelled_run(model, wake_sleepers):
    cancel = threading.Event()
    with contextlib.closing(dwlab.stream([cell(sleeping)], model=model, cancel=cancel)) as stream:
        assert next(stream).kind == "started"
        cancel.set()


def test_what_a_method_draws_without_a_generator_depends_on_its_seed_only(model):
    state = torch.get_rng_state()
    first, second, _ = made(
        [cell(drawing_at_will), cell(drawing_at_will, seed=1), cell(drawing_at_will, steps=4)],
        model=model,
    )
    (alone,) = made([cell(drawing_at_will)], model=model, pack=1)
    assert difference(first.image, alone.image) <= 1
    assert difference(first.image, second.image) > 1
    assert torch.equal(torch.get_rng_state(), state)
