"""What is said of pipelines for pictures is what diffusers does."""

from __future__ import annotations

import inspect

import diffusers
import pytest

from dwlab.spec import control_kinds, families, tasks

CLASSES = [
    name
    for family in families.FAMILIES
    for name in (family.image_to_image, family.inpainting)
    if name is not None
]
CLASSES += [name for kind in control_kinds.KINDS for name in kind.pipelines.values()]


@pytest.mark.parametrize("name", CLASSES)
def test_the_default_strength_is_that_of_the_pipelines_own_call(name):
    parameters = inspect.signature(getattr(diffusers, name).__call__).parameters
    strength = parameters["strength"].default if "strength" in parameters else None
    assert tasks.STRENGTHS.get(name) == strength


@pytest.mark.parametrize("name", [name for name in CLASSES if name in tasks.STRENGTHS])
def test_as_many_steps_run_as_the_pipeline_takes(name):
    pipeline = getattr(diffusers, name)
    if not hasattr(pipeline, "get_timesteps"):
        pytest.skip("it calls another pipeline")
    scheduler = diffusers.DDIMScheduler()
    shell = type("Shell", (), {"scheduler": scheduler})()
    for steps in (1, 3, 4, 10, 25):
        scheduler.set_timesteps(steps)
        for strength in (0.01, 0.29, 0.3, 0.5, 0.75, 0.9999, 1.0):
            arguments = [steps, strength]
            if "device" in inspect.signature(pipeline.get_timesteps).parameters:
                arguments.append("cpu")
            run = len(pipeline.get_timesteps(shell, *arguments)[0])
            assert tasks.steps_run(steps, strength, name) == run, (steps, strength)


@pytest.mark.parametrize("name", [f.inpainting for f in families.FAMILIES if f.inpainting])
def test_padding_is_refused_where_the_call_does_not_take_it(name):
    parameters = inspect.signature(getattr(diffusers, name).__call__).parameters
    assert ("padding_mask_crop" not in parameters) == (name in tasks.WITHOUT_PADDING)


@pytest.mark.parametrize("kind", control_kinds.KINDS, ids=lambda kind: f"{kind.plain} {kind.net}")
def test_what_is_said_of_controlnets_is_what_diffusers_takes(kind):
    assert hasattr(diffusers, kind.net) and hasattr(diffusers, kind.plain)
    for name in kind.pipelines.values():
        pipeline = getattr(diffusers, name)
        call = inspect.signature(pipeline.__call__).parameters
        assert ("control_guidance_end" in call) == kind.has_span
        source = inspect.getsource(pipeline.__call__)
        assert ("latent_dist.sample()" in source) == kind.draws_unseeded
        assert tasks.with_control(kind.plain, control_kinds.task_of(name), kind.net) == name
        assert tasks.without_control(name) != name
