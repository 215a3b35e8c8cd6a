"""How much work one picture of a request may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidInput

if TYPE_CHECKING:
    from ...spec.params import GenerationParams
    from ..settings import ServerSettings


def check_work(params: GenerationParams, settings: ServerSettings) -> None:
    """Raise InvalidInput for a picture that costs more than this server allows."""
    # the defaults of a model whose files say them are its owner's choice
    if params.steps is not None and params.steps > settings.max_steps:
        raise InvalidInput("steps", params.steps, f"at most {settings.max_steps} on this server")
    if (params.width or 8) * (params.height or 8) > settings.max_pixels:
        allowed = f"at most {settings.max_pixels:,} pixels on this server"
        raise InvalidInput("width", params.width, allowed)
