"""The calls that are timed."""

from __future__ import annotations

import numpy as np
from bench.made_up import configuration

import dwlab
from dwlab.bench import timed_calls
from dwlab.models import loading


def test_the_timed_call_draws_what_dwlab_draws():
    model, one = loading.load("shapes", "cpu"), configuration(batch=2, seed=7)
    timed = timed_calls.call(model, one, 0)
    for n, picture in enumerate(timed):
        drawn = dwlab.generate("a red star", seed=7 + n, width=64, height=64, steps=2, model=model)
        assert np.abs(np.asarray(drawn.image) / 255 - picture).max() <= 1.01 / 255
