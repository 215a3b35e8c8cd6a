"""Rows of the denoiser: what the cost of a picture is counted in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import accelerate, schedulers, tasks
from .accelerators import Step
from .family import UNKNOWN_DEFAULTS

if TYPE_CHECKING:
    from .params import GenerationParams


def steps_of(params: GenerationParams) -> int:
    """How many of its steps a picture runs: all, or as many as the strength says."""
    return max(1, tasks.steps_run(params.steps, params.strength))


def rows_of(params: GenerationParams) -> int:
    """Rows of the denoiser that a picture takes: its calls, twice with guidance.

    Accelerators leave some out, and make others cheaper, which then count in part.
    What only the files of a model tell counts as that of an unknown model until they are here.
    """
    steps, guidance = params.steps, params.guidance
    if steps is None:
        steps = UNKNOWN_DEFAULTS.steps
    if guidance is None:
        guidance = UNKNOWN_DEFAULTS.guidance
    return denoiser_rows(
        steps, params.strength, params.scheduler, guidance, accelerators=params.accelerate
    )


def denoiser_rows(
    steps: int,
    strength: float | None,
    scheduler: str | None,
    guidance: float,
    accelerators: accelerate.Accelerate = accelerate.EMPTY,
) -> int:
    """Rows of the denoiser that a picture with these parameters takes."""
    run = max(1, tasks.steps_run(steps, strength))
    if not accelerators:
        return schedulers.denoiser_calls(scheduler, run) * (2 if guidance > 1 else 1)
    last_calls = schedulers.denoiser_calls(scheduler, 1)
    usual_calls = schedulers.denoiser_calls(scheduler, 2) - last_calls
    rows = 0.0
    for number in range(run):
        step = Step(number, (steps - run + number) / steps)
        is_guided = guidance > 1 and accelerate.is_guided(accelerators, step)
        # in the last step those of second order ask once
        calls = last_calls if number == run - 1 else usual_calls
        rows += calls * (2 if is_guided else 1) * accelerate.share(accelerators, step)
    return max(1, round(rows))


def first_step_of(params: GenerationParams) -> Step:
    """The step with which a picture of complete parameters begins."""
    return Step(0, (params.steps - steps_of(params)) / params.steps)


def first_rows_of(params: GenerationParams) -> float:
    """Rows of the denoiser before the first step of complete parameters, counted as in `rows_of`."""
    first = first_step_of(params)
    is_guided = params.guided and accelerate.is_guided(params.accelerate, first)
    return (2 if is_guided else 1) * accelerate.share(params.accelerate, first)
