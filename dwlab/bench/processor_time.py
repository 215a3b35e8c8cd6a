"""The processor time of making pictures, which other work on a busy machine changes little."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..errors import RenderError
from ..runs.generation import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..models import loading
    from ..spec.params import GenerationParams


def seconds_of(
    model: loading.Model,
    cells: Sequence[GenerationParams],
    *,
    pack: int,
    probes: Sequence[str] = (),
) -> float:
    """Seconds of all threads for making cells. pack, probes: see `stream`.

    Raises RenderError if a cell fails.
    """
    began = time.process_time()
    for event in stream(cells, model=model, pack=pack, probes=probes):
        if event.kind == "failed":
            raise RenderError(event.error)
    return time.process_time() - began
