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
    last: list[Any] = []

    def ask(*arguments: Any, **named: Any) -> Any:
        if not both_answers.asks_both(arguments, named):
            return denoiser(*arguments, **named)
        if is_nth(every, drawing.step) or not last:
            answer = denoiser(*arguments, **named)
            last[:] = [both_answers.difference(answer)]
            return answer
        arguments_of_prompt, named_of_prompt = both_answers.of_prompt(arguments, named)
        return both_answers.with_difference(
            denoiser(*arguments_of_prompt, **named_of_prompt), last[0]
        )

    return drawing.asking(ask)
