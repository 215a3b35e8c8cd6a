"""A UNet in full at every n-th step; between them only its outermost layers, with what they got before.

Ma et al. 2023, "DeepCache: Accelerating Diffusion Models for Free": what the layers within say changes little
from step to step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...spec.accelerate import main, setting
from ...spec.accelerators import is_nth
from . import unet

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import torch

    from ...spec.accelerators import Settings
    from .drawing import Drawing

NAME = "deep_cache"


def deep_cache(drawing: Drawing, settings: Settings) -> AbstractContextManager[None]:
    """A cell keeps what its own outermost layers got; rows without such a thing are computed in full."""
    whole = drawing.computing(unet.whole)
    outermost = drawing.computing(unet.outermost)
    every = main(NAME, settings)
    options = {"branch": setting(NAME, settings, "branch"), "merging": drawing.merging}
    kept: list[torch.Tensor] = []

    def ask(*arguments: Any, **named: Any) -> tuple[torch.Tensor]:
        rows = len(arguments[0])
        if is_nth(every, drawing.step) or not kept or len(kept[0]) < rows:
            answer, deep = whole(*arguments, **named, **options)
            kept[:] = [deep]
            return (answer,)
        # the last row is the prompt's
        return outermost(*arguments, deep=kept[0][-rows:], **named, **options)

    return drawing.asking(ask)
