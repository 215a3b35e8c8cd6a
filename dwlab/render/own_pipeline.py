"""A copy of a pipeline for one cell, which shares its parts."""

from __future__ import annotations

import copy
from typing import Any


def own_pipeline(pipeline: Any, scheduler: Any) -> Any:
    """A copy of a pipeline for one cell, with its scheduler; the parts are shared.

    Pipelines keep a call's settings on themselves. A prior and a decoder in one pipeline have
    pipelines of their own, which take the scheduler when they are made.
    """
    if hasattr(pipeline, "decoder_pipe"):
        own = type(pipeline)(**pipeline.components | {"scheduler": scheduler})
        own.set_progress_bar_config(disable=True)
        return own
    own = copy.copy(pipeline)
    own.scheduler = scheduler
    return own
