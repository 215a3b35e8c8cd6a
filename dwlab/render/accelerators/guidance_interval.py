"""Guidance in a part of the steps only.

Kynkäänniemi et al. 2024, "Applying Guidance in a Limited Interval Improves Sample and Distribution
Quality in Diffusion Models" (they count by noise level, here it is by steps of the schedule).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...spec.accelerators import in_interval
from . import both_answers

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ...spec.accelerators import Settings
    from .drawing import Drawing


def guidance_interval(drawing: Drawing, interval: Settings) -> AbstractContextManager[None]:
    """Outside the interval the denoiser is asked for the prompt's answer alone."""
    denoiser = drawing.denoiser
    calls = both_answers.TwoCalls(drawing)

    def ask(*arguments: Any, **named: Any) -> Any:
        is_guided = in_interval(interval, drawing.step)
        if both_answers.asks_both(arguments, named):
            if is_guided:
                return denoiser(*arguments, **named)
            arguments_of_prompt, named_of_prompt = both_answers.of_prompt(arguments, named)
            return both_answers.twice(denoiser(*arguments_of_prompt, **named_of_prompt))
        if calls.is_second:
            return denoiser(*arguments, **named) if is_guided else calls.answer
        return calls.first(denoiser(*arguments, **named))

    return drawing.asking(ask)
