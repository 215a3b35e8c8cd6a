"""Rows of the denoiser: what the cost of a picture is counted in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import schedulers, tasks
from .family import UNKNOWN_DEFAULTS

if TYPE_CHECKING:
    from .params import GenerationParams


def steps_of(params: GenerationParams) -> int:
    """How many of its steps a picture runs: all, or as many as the strength says."""
    return max(1, tasks.steps_run(params.steps, params.strength))


def rows_of(params: GenerationParams) -> int:
    """Rows of the denoiser that a picture takes: its calls, twice with guidance.

    What only the files of a model tell counts as that of an unknown model until they are here.
    """
    steps, guidance = params.steps, params.guidance
    if steps is None:
        steps = UNKNOWN_DEFAULTS.steps
    if guidance is None:
        guidance = UNKNOWN_DEFAULTS.guidance
    return denoiser_rows(steps, params.strength, params.scheduler, guidance)


def denoiser_rows(
    steps: int, strength: float | None, scheduler: str | None, guidance: float
) -> int:
    """Rows of the denoiser that a picture with these parameters takes."""
    run = max(1, tasks.steps_run(steps, strength))
    calls = schedulers.denoiser_calls(scheduler, run)
    return calls * (2 if guidance > 1 else 1)
