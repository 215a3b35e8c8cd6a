"""Cells rendered together; those that ran out of memory are tried again, each alone.

Before that, `packing` halves a forward that was too large. A cell that fails alone too has the
status `oom`.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import deque
from typing import TYPE_CHECKING

from .joining import Company
from .one_cell import Rendering, render_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .packing.size import Size
    from .resolved_cell import ResolvedCell


def render_together(rendering: Rendering, cells: Sequence[ResolvedCell], pack: int | None) -> None:
    """Render cells of one size, and those that join them. pack: pictures per forward, or None to find out what is best."""
    from .packing.stand_ins import prepare

    model = rendering.model
    packed = dataclasses.replace(model, pipeline=prepare(model.pipeline))
    second = rendering.second
    if second is not None:
        second = dataclasses.replace(second, pipeline=prepare(second.pipeline))
    rendering = dataclasses.replace(rendering, model=packed, whole=model, second=second)
    out_of_memory: list[ResolvedCell] = []
    waiting = deque(cells)
    company = Company.of(cells[0])

    def next_job() -> Callable[[], None] | None:
        if not waiting:
            waiting.extend(rendering.channel.joining.take(company))
        if not waiting:
            return None
        return functools.partial(render_cell, rendering, waiting.popleft(), out_of_memory.append)

    _run(rendering, _size(rendering, cells[0], pack), next_job)
    for cell in out_of_memory:
        alone = iter([functools.partial(render_cell, rendering, cell)])
        _run(rendering, _size(rendering, cell, pack=1), functools.partial(next, alone, None))


def _run(
    rendering: Rendering, size: Size, next_job: Callable[[], Callable[[], None] | None]
) -> None:
    from .packing.pack import Pack

    pack = Pack(rendering.model.identity.device, size, exact=rendering.exact)
    pack.run(next_job, rendering.give_way)


def _size(rendering: Rendering, cell: ResolvedCell, pack: int | None) -> Size:
    from .packing.size import Size

    identity = rendering.model.identity
    return Size.of(
        cell.params.pixels,
        identity.device,
        pack=pack,
        exact=rendering.exact,
        compiled=identity.settings.backend if identity.settings.has_shapes else "",
    )
