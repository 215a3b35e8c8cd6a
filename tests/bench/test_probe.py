"""Calls that are looked at from inside."""

from __future__ import annotations

import numpy as np
from bench.made_up import configuration

from dwlab.bench import timed_calls
from dwlab.bench.probe import probe
from dwlab.models import loading


def test_a_probe_sees_all_phases_and_changes_no_picture():
    model, one = (
        loading.load("shapes", "cpu"),
        configuration(guidance=3.0, scheduler="heun", steps=4),
    )
    seen = probe(model, one, 0)
    assert (
        len(seen.steps_s) == 7 and min(seen.prompt_s, seen.decode_s, *seen.steps_s) > 0
    )  # Heun: 2 x 4 - 1
    assert seen.calls == {"denoiser": 7, "decoder": 1, "text_encoder": 2}
    assert np.array_equal(seen.pictures, timed_calls.call(model, one, 0))
    assert not model.pipeline.unet._forward_pre_hooks and not model.pipeline.unet._forward_hooks
    left = probe(model, one, 0, one_step=True)
    assert np.array_equal(left.denoised, seen.denoised) and not left.pictures.size
