"""All accelerators by name, and how those of a cell are put around its denoiser."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ...spec.accelerators import BY_NAME
from .deep_cache import deep_cache
from .drawing import Drawing
from .guidance_every import guidance_every
from .guidance_interval import guidance_interval
from .step_caches import (
    faster_cache,
    first_block_cache,
    mag_cache,
    pyramid_attention,
    taylorseer,
)
from .token_merging import token_merging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from typing import Any

    from ...models.watched_steps import LastStep
    from ...spec.accelerators import Settings
    from ...spec.params import GenerationParams

    Apply = Callable[[Drawing, Settings], AbstractContextManager[None]]

APPLY: Mapping[str, Apply] = {
    "token_merging": token_merging,
    "deep_cache": deep_cache,
    "guidance_every": guidance_every,
    "guidance_interval": guidance_interval,
    "first_block_cache": first_block_cache,
    "taylorseer": taylorseer,
    "mag_cache": mag_cache,
    "pyramid_attention": pyramid_attention,
    "faster_cache": faster_cache,
}


@contextlib.contextmanager
def accelerated(pipeline: Any, params: GenerationParams, last_step: LastStep) -> Iterator[None]:
    """Let a cell's own pipeline draw with its accelerators, the innermost first."""
    drawing = Drawing(pipeline, params, last_step)
    with contextlib.ExitStack() as stack:
        for name in BY_NAME:
            if name in params.accelerate:
                stack.enter_context(APPLY[name](drawing, params.accelerate[name]))
        yield
