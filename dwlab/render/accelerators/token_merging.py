"""Attention over fewer tokens (see `merged_tokens`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import unet

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ...spec.accelerators import Settings
    from .drawing import Drawing


def token_merging(drawing: Drawing, share: Settings) -> AbstractContextManager[None]:
    """The denoiser merges this share of its tokens at every step."""
    compute = drawing.computing(unet.with_merged_tokens)

    def ask(*arguments: Any, **named: Any) -> Any:
        return compute(*arguments, **named, merging=share)

    return drawing.asking(ask)
