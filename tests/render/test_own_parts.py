"""What a method writes to, and what gradients it asks for, is its own matter."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from five_methods import stock
from side_by_side import made
from start_pictures import difference
from writing_methods import (
    asking_twice,
    failing_between_steps,
    guided_between_steps,
    guided_by_gradient,
    in_a_list,
    in_a_thread,
    picture_as_tensor,
    scaling_in_place,
    trained,
    two_pictures,
    whole_output,
    with_config,
    with_word,
    without_last_block,
)

import dwlab
from dwlab.models import loading
from dwlab.render import own_parts
from dwlab.spec.params import GenerationParams

BASE = {"prompt": "a red circle", "width": 64, "height": 64, "guidance": 3.0, "steps": 3}


@pytest.fixture(scope="module")
def model():
    return loading.load("shapes", "cpu", "float32")


def cell(method=None, seed=0, **values):
    return GenerationParams(**BASE | values, method=method, seed=seed)


@pytest.mark.parametrize(
    ("method", "parts"),
    [
        pytest.param(guided_by_gradient, "vae, unet", marks=pytest.mark.slow),
        (guided_between_steps, "vae"),
    ],
)
def test_gradients_flow_through_the_shared_model(model, method, parts):
    plain, alone = made([cell(), cell(method)], model=model, pack=1)
    _, together = made([cell(), cell(method)], model=model)
    assert together.settings["method"] == f"computed alone, with gradients through {parts}"
    assert difference(alone.image, together.image) <= 1
    assert difference(plain.image, together.image) > 1
    weights = list(model.pipeline.unet.parameters())
    assert all(weight.requires_grad and weight.grad is None for weight in weights)


@pytest.mark.slow
def test_a_method_trains_a_copy(model):
    before = model.pipeline.unet.conv_out.weight.clone()
    plain, alone = made([cell(), cell(trained)], model=model, pack=1)
    beside, together = made([cell(), cell(trained)], model=model)
    assert difference(alone.image, together.image) <= 1
    assert difference(plain.image, beside.image) <= 1
    assert difference(plain.image, together.image) > 1
    assert "a copy of unet" in together.settings["method"]
    assert torch.equal(before, model.pipeline.unet.conv_out.weight)


def test_what_a_method_writes_to_a_models_answer_reaches_nobody_else(model):
    method = cell(scaling_in_place).method
    cells = [cell(method.with_value("by", by)) for by in (1.0, 2.0)]
    alone = [made([each], model=model, pack=1)[0] for each in cells]
    together = made([*cells, cell()], model=model)
    assert difference(alone[0].image, together[0].image) <= 1
    assert difference(alone[1].image, together[1].image) <= 1
    assert difference(together[0].image, together[2].image) <= 1
    assert difference(together[0].image, together[1].image) > 1


@pytest.mark.slow
def test_a_tensor_with_other_values_is_asked_for_again(model):
    plain, asked = made([cell(), cell(asking_twice)], model=model)
    assert difference(plain.image, asked.image) <= 1


@pytest.mark.slow
def test_a_config_that_a_method_writes_to_is_its_own(model):
    plain, own, after = made([cell(), cell(with_config), cell(seed=1)], model=model)
    assert own.settings["method"].startswith("computed alone, with a copy of text_encoder")
    assert model.pipeline.text_encoder.config.layer_norm_eps != 1.0
    assert "method" not in plain.settings | after.settings


@pytest.mark.slow
def test_modules_that_a_method_takes_out_stay_in_the_model(model):
    last = model.pipeline.unet.up_blocks[-1].resnets[-1]
    ends = [
        event
        for event in dwlab.stream([cell(without_last_block), cell()], model=model)
        if event.kind in ("done", "failed")
    ]
    assert {event.index: event.kind for event in ends} == {0: "failed", 1: "done"}
    assert model.pipeline.unet.up_blocks[-1].resnets[-1] is last


@pytest.fixture
def parts(monkeypatch):
    """The parts that methods get, as they are made."""
    parts = []
    let_go = own_parts.OwnPart.let_go

    def kept(part):
        parts.append(len(part._twins))
        let_go(part)

    monkeypatch.setattr(own_parts.OwnPart, "let_go", kept)
    return parts


def test_a_method_that_only_calls_the_pipeline_copies_no_module(model, parts):
    made([cell(stock)], model=model)
    # the part itself and its config
    assert parts
    assert max(parts) <= 2


def test_copies_end_with_their_picture(model):
    copies = []
    part = own_parts.OwnPart(
        model.pipeline.unet, model.pipeline.unet, lambda _: torch.no_grad(), print
    )
    copies.append(weakref.ref(part.twin.conv_in.weight))
    gc.disable()
    try:
        part.let_go()
        assert copies[0]() is None
    finally:
        gc.enable()


@pytest.mark.slow
@pytest.mark.parametrize("pack", [None, 1])
def test_words_that_a_method_adds_to_a_tokenizer_stay_with_it(model, pack):
    tokenizer = model.pipeline.tokenizer
    before = (len(tokenizer), tokenizer.model_max_length)
    plain, own, after = made([cell(), cell(with_word), cell(seed=1)], model=model, pack=pack)
    assert (len(tokenizer), tokenizer.model_max_length) == before
    assert difference(plain.image, own.image) > 1
    assert "a copy of text_encoder" in own.settings["method"]
    (again,) = made([cell(seed=1)], model=model, pack=1)
    assert difference(after.image, again.image) <= 1


def test_a_scheduler_that_draws_gets_the_generator_of_the_stock_call(model):
    for scheduler in ("EulerAncestralDiscreteScheduler", "DDPMScheduler"):
        cells = [cell(method, scheduler=scheduler, steps=2) for method in (None, stock)]
        plain, called = made(cells, model=model)
        assert difference(plain.image, called.image) <= 1


@pytest.mark.slow
def test_what_a_pipeline_returns_is_taken_and_several_pictures_are_refused(model):
    plain, called, listed = made([cell(), cell(whole_output), cell(in_a_list)], model=model)
    assert difference(plain.image, called.image) <= 1
    assert difference(plain.image, listed.image) <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "error"),
    [
        (two_pictures, "the method returned 2 pictures; return a single one"),
        (picture_as_tensor, "the method returned a picture as a tensor [1, 3, 64, 64]"),
        (in_a_thread, "the method calls the model in a thread of its own"),
        (failing_between_steps, "ValueError: in the middle"),
    ],
)
def test_a_cell_that_fails_says_why_and_others_are_made(model, method, error):
    events = dwlab.stream([cell(), cell(method), cell(seed=1)], model=model)
    ends = {event.index: event for event in events if event.kind in ("done", "failed")}
    assert [ends[index].kind for index in range(3)] == ["done", "failed", "done"]
    assert ends[1].error.startswith(error)
