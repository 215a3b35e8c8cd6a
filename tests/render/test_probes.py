"""What is kept of steps is the same alone and in company, and is told of plainly where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tiny
import torch
from diffusers import DDIMScheduler
from five_methods import hand_written, three_calls
from side_by_side import made

import dwlab
from dwlab.errors import RenderError
from dwlab.models import loading
from dwlab.pictures import films
from dwlab.spec.params import GenerationParams

BASE = {"prompt": "a red circle", "width": 64, "height": 64, "guidance": 3.0}
SCALARS = ("latent_norm", "guidance_norm")
ALL = (*SCALARS, "x0")


@dwlab.method
def recording(pipe, cell, *, size: int = 4):
    """Keeps the mean of the latents, and of each channel, after each step."""

    def at_end(pipe, step, timestep, tensors):
        dwlab.record("mean", tensors["latents"].mean())
        dwlab.record("channels", tensors["latents"].mean(dim=(0, 2, 3))[:size])
        return tensors

    return pipe(**cell.stock(), callback_on_step_end=at_end).images[0]


def recording_once(value, name="a", times=1):
    """A method that records a value at once, before any step."""

    @dwlab.method
    def method(pipe, cell):
        for _ in range(times):
            dwlab.record(name, value)
        return pipe(**cell.stock()).images[0]

    return method


@pytest.fixture(scope="module")
def model():
    return loading.load("shapes", "cpu", "float32")


def cell(seed=0, steps=3, **values):
    return GenerationParams(**BASE | values, seed=seed, steps=steps)


def traces(picture):
    return {trace.name: trace for trace in picture.traces}


def mixed():
    """Cells of several kinds: stock ones, one without guidance, one of two calls per step, methods."""
    return [
        cell(),
        cell(1, guidance=1.0),
        cell(2, 2, scheduler="Heun"),
        cell(3, method=recording),
        cell(4, method=hand_written),
    ]


def test_traces_are_the_same_alone_and_in_company(model):
    alone = made(mixed(), model=model, pack=1, probes=ALL)
    together = made(mixed(), model=model, probes=ALL)
    for first, second in zip(alone, together, strict=True):
        assert traces(first).keys() == traces(second).keys()
        for name, trace in traces(first).items():
            other = traces(second)[name]
            assert (trace.steps, trace.sigmas) == (other.steps, other.sigmas)
            assert trace.reason == other.reason
            assert np.allclose(trace.values, other.values, rtol=1e-3, atol=1e-3)
        for frame, same in zip(films.frames(first.film), films.frames(second.film), strict=True):
            assert np.abs(np.asarray(frame, int) - np.asarray(same, int)).mean() < 2


@pytest.mark.slow
def test_in_exact_mode_they_are_equal_to_the_last_bit(model):
    together = made(mixed(), model=model, exact=4, probes=ALL)
    for index, params in enumerate(mixed()):
        (alone,) = made([params], model=model, exact=4, probes=ALL)
        assert alone.traces == together[index].traces
        assert alone.film == together[index].film


def test_probes_do_not_change_pictures_or_keys(model):
    plain = made([cell(), cell(3, method=recording)], model=model, pack=1)
    probed = made([cell(), cell(3, method=recording)], model=model, pack=1, probes=ALL)
    assert [picture.png() for picture in plain] == [picture.png() for picture in probed]
    assert (plain[0].traces, plain[0].film) == ((), b"")


def test_norms_are_those_of_a_loop_by_hand(model):
    (picture,) = made([cell(method=hand_written)], model=model, probes=SCALARS)
    scheduler = DDIMScheduler.from_config(model.pipeline.scheduler.config)
    scheduler.set_timesteps(3)
    kept = traces(picture)["latent_norm"]
    assert kept.steps == (1, 2, 3)
    assert kept.timesteps == tuple(map(float, scheduler.timesteps))
    alphas = [float(scheduler.alphas_cumprod[int(step)]) for step in scheduler.timesteps]
    assert kept.sigmas == pytest.approx([math.sqrt((1 - alpha) / alpha) for alpha in alphas])
    # what a method starts with is noise of deviation 1
    assert kept.values[0] == pytest.approx(
        float(torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(0)).norm()), rel=1e-3
    )


def test_guidance_norm_says_why_there_is_none(model):
    cells = [cell(guidance=1.0), cell(method=three_calls)]
    without, thrice = made(cells, model=model, probes=["guidance_norm"])
    assert traces(without)["guidance_norm"].values == ()
    assert traces(without)["guidance_norm"].reason.startswith("no guidance")
    assert "3 times per step" in traces(thrice)["guidance_norm"].reason


@pytest.mark.slow
def test_models_of_other_families_have_norms_or_reasons(tmp_path):
    expected = {"sdxl": True, "flux": False, "sd3": True}
    for name, has_guidance in expected.items():
        folder = tmp_path / name
        getattr(tiny, name)().save_pretrained(folder)
        params = GenerationParams(
            "a", model=str(folder), steps=2, width=32, height=32, guidance=3.0
        )
        (picture,) = made([params], probes=ALL)
        kept = traces(picture)
        assert len(kept["latent_norm"].values) == 2
        assert bool(kept["guidance_norm"].values) is has_guidance
        assert bool(kept["guidance_norm"].reason) is not has_guidance
        assert bool(kept["x0"].values or kept["x0"].reason)


@pytest.mark.slow
def test_a_film_of_many_steps_has_fifty_frames_at_most(model):
    (long,) = made([cell(1, 70)], model=model, probes=["x0"])
    kept = traces(long)["x0"]
    assert kept.values == tuple(range(len(kept.steps)))
    assert (kept.steps[0], kept.steps[-1]) == (1, 70)
    assert len(kept.steps) <= films.FRAMES_LIMIT
    assert len(films.frames(long.film)) == len(kept.steps)


def test_a_record_belongs_to_the_step_under_way(model):
    @dwlab.method
    def by_hand(pipe, cell):
        latents = torch.randn(1, 4, 8, 8, generator=cell.generator())
        prompt, _ = pipe.encode_prompt(cell.prompt, pipe.device, 1, False)
        pipe.scheduler.set_timesteps(cell.steps)
        for timestep in pipe.scheduler.timesteps:
            dwlab.record("before", 1)
            answer = pipe.unet(latents, timestep, encoder_hidden_states=prompt).sample
            if timestep < 700:
                dwlab.record("late", answer.std())
            latents = pipe.scheduler.step(answer, timestep, latents).prev_sample
            dwlab.record("after", [True, 2.5, float("nan")])
        return latents

    (picture,) = made([cell(method=by_hand)], model=model)
    kept = traces(picture)
    assert kept["before"].steps == kept["after"].steps == (1, 2, 3)
    assert kept["late"].steps == (2, 3)
    assert kept["late"].timesteps == (666.0, 332.0)
    assert kept["after"].values == ([1.0, 2.5, None],) * 3


REFUSED = [
    (recording_once([0.0] * 2_000), "at most 1,024"),
    (recording_once([]), "a number, or an array"),
    (recording_once("high"), "a number, or an array"),
    (recording_once([[1], [1, 2]]), "lists of different lengths"),
    (recording_once(1, name="x0"), "name of a record"),
    (recording_once([0.0] * 1_000, times=20), "at most 16,384"),
]


def test_a_record_that_is_refused_fails_its_own_cell(model):
    cells = [cell(method=method, steps=1) for method, _ in REFUSED]
    events = list(dwlab.stream([*cells, cell(steps=1)], model=model))
    failures = {event.index: event for event in events if event.kind == "failed"}
    for index, (_, told) in enumerate(REFUSED):
        assert told in failures[index].error
        assert "dwlab.record(name, value)" in failures[index].traceback
    assert [event.index for event in events if event.kind == "done"] == [len(REFUSED)]


def test_two_records_in_one_step_are_refused(model):
    @dwlab.method
    def twice(pipe, cell):
        def at_end(pipe, step, timestep, tensors):
            dwlab.record("a", 1)
            dwlab.record("a", 2)
            return tensors

        return pipe(**cell.stock(), callback_on_step_end=at_end).images[0]

    (failure,) = [
        event for event in dwlab.stream([cell(method=twice)], model=model) if event.kind == "failed"
    ]
    assert "a second value of step 2'; allowed: one value per step and name" in failure.error


def test_outside_a_method_there_is_nothing_to_record():
    with pytest.raises(RenderError, match="only within a method"):
        dwlab.record("a", 1)
