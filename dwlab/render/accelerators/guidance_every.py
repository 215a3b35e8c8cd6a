"""Guidance at every n-th step; between them its last difference is used again.

Lv et al. 2024, "FasterCache", section 3.3: the two answers drift together, so that what the prompt
changes can be kept. Without their weights by frequency, which they found for videos.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...spec.accelerators import is_nth
from . import both_answers

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ...spec.accelerators import Settings
    from .drawing import Drawing


def guidance_every(drawing: Drawing, every: Settings) -> AbstractContextManager[None]:
    """At the other steps the denoiser is asked for the prompt's answer alone."""
    denoiser = drawing.denoiser
    calls = both_answers.TwoCalls(drawing)
    # what the prompt changed when it was last asked for
    change: list[Any] = []

    def ask(*arguments: Any, **named: Any) -> Any:
        is_guided = is_nth(every, drawing.step) or not change
        if both_answers.asks_both(arguments, named):
            if is_guided:
                answer = denoiser(*arguments, **named)
                change[:] = [both_answers.change_in(answer)]
                return answer
            arguments_of_prompt, named_of_prompt = both_answers.of_prompt(arguments, named)
            answer = denoiser(*arguments_of_prompt, **named_of_prompt)
            return both_answers.both(answer, change[0])
        if not calls.is_second:
            return calls.first(denoiser(*arguments, **named))
        if is_guided:
            answer = denoiser(*arguments, **named)
            change[:] = [both_answers.minus(calls.answer, answer)]
            return answer
        return both_answers.minus(calls.answer, change[0])

    return drawing.asking(ask)
