"""A UNet in full at every n-th step; between them only its outermost layers, with what they got before.

Ma et al. 2023, "DeepCache: Accelerating Diffusion Models for Free": what the layers within say changes little
from step to step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from ...spec.accelerate import main, setting
from ...spec.accelerators import is_nth
from . import unet

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ...spec.accelerators import Settings
    from .drawing import Drawing

NAME = "deep_cache"
# What was kept is used until it is so many times as old as the steps from one in full to the next: rows without
# the prompt, which `guidance_every` asks for now and then, can miss some of these.
OLDEST = 2


@dataclass
class _Kept:
    """What the outermost layers got, [rows, ...], and at which step each row did."""

    deep: torch.Tensor | None = None
    steps: tuple[int, ...] = ()

    def of_rows(self, rows: int, since: int) -> torch.Tensor | None:
        """The last rows, of which the very last is the prompt's; None if one is missing or older than a step."""
        is_here = len(self.steps) >= rows and min(self.steps[-rows:]) > since
        return self.deep[-rows:] if is_here and self.deep is not None else None

    def take(self, deep: torch.Tensor, step: int) -> None:
        """Keep the last rows anew."""
        others = self.steps[: -len(deep)]
        if others and self.deep is not None:
            self.deep = torch.cat([self.deep[: len(others)], deep])
        else:
            self.deep = deep
        self.steps = (*others, *[step] * len(deep))


def _every(settings: Settings) -> int:
    value = main(NAME, settings)
    # recipes are checked when they are made
    return value if isinstance(value, int) else 1


def deep_cache(drawing: Drawing, settings: Settings) -> AbstractContextManager[None]:
    """A cell keeps what its own outermost layers got; rows without such a thing are computed in full."""
    whole = drawing.computing(unet.whole)
    outermost = drawing.computing(unet.outermost)
    every = _every(settings)
    options = {"branch": setting(NAME, settings, "branch"), "merging": drawing.merging}
    kept = _Kept()

    def ask(*arguments: Any, **named: Any) -> tuple[torch.Tensor]:
        step = drawing.step
        deep = kept.of_rows(len(arguments[0]), step.number - OLDEST * every)
        if deep is not None and not is_nth(every, step):
            return outermost(*arguments, deep=deep, **named, **options)
        answer, deep = whole(*arguments, **named, **options)
        kept.take(deep, step.number)
        return (answer,)

    return drawing.asking(ask)
