"""Renderings of one process share a model, but none sees what another one adds to it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import dwlab
from dwlab.models.identity import identify
from dwlab.models.loading import LOADED, lent
from dwlab.spec.params import GenerationParams

SMALL = {"width": 64, "height": 64}
PLAIN = [GenerationParams("a red circle", seed=seed, steps=2, **SMALL) for seed in range(2)]
LORA = [
    GenerationParams(
        "a blue square", seed=seed, steps=4, loras=[{"file": "shapes-moon", "weight": 2.0}], **SMALL
    )
    for seed in range(2)
]


def pictures(events):
    done = [event for event in events if event.kind == "done"]
    return {event.params.seed: np.asarray(event.result.image, int) for event in done}


def drawn(cells):
    return pictures(dwlab.stream(cells, pack=1))


def assert_same(made, expected):
    assert made.keys() == expected.keys()
    for seed, picture in made.items():
        assert np.abs(picture - expected[seed]).max() <= 1


@pytest.mark.parametrize(("first", "second"), [(LORA, PLAIN), (PLAIN, LORA), (LORA, LORA[:1])])
def test_a_rendering_that_begins_within_another_one_makes_the_same_pictures(first, second):
    expected = drawn(first), drawn(second)
    events = dwlab.stream(first, pack=1)
    # until the model is in use
    begun = list(itertools.takewhile(lambda event: event.kind != "step", events))
    within = drawn(second)
    assert_same(within, expected[1])
    assert_same(pictures([*begun, *events]), expected[0])


def test_a_model_goes_back_into_memory_after_a_rendering_that_had_it_alone():
    identity = identify("shapes", "cpu")
    LOADED.clear()
    with lent(identity, alone=True) as model:
        assert identity not in LOADED
    with lent(identity) as again, lent(identity) as shared:
        assert again is model
        assert shared is model
        with lent(identity, alone=True) as other:
            assert other is not model
