"""Cells rendered together; those that ran out of memory are tried again, each alone.

Before that, `packing` halves a forward that was too large. A cell that fails alone too has the
status `oom`.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from .one_cell import Rendering, render_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .packing.size import Size
    from .resolved_cell import ResolvedCell


def render_together(rendering: Rendering, cells: Sequence[ResolvedCell], pack: int | None) -> None:
    """Render cells of one size. pack: pictures per forward, or None to find out what is best."""
    from .packing.stand_ins import prepare

    model = rendering.model
    packed = dataclasses.replace(model, pipeline=prepare(model.pipeline))
    second = rendering.second
    if second is not None:
        second = dataclasses.replace(second, pipeline=prepare(second.pipeline))
    rendering = dataclasses.replace(rendering, model=packed, whole=model, second=second)
    out_of_memory: list[ResolvedCell] = []
    _run(
        rendering,
        _size(rendering, cells[0], pack),
        [functools.partial(render_cell, rendering, cell, out_of_memory.append) for cell in cells],
    )
    for cell in out_of_memory:
        alone = functools.partial(render_cell, rendering, cell)
        _run(rendering, _size(rendering, cell, pack=1), [alone])


def _run(rendering: Rendering, size: Size, jobs: list[Callable[[], None]]) -> None:
    from .packing.pack import Pack

    Pack(rendering.model.identity.device, size, exact=rendering.exact).run(jobs)


def _size(rendering: Rendering, cell: ResolvedCell, pack: int | None) -> Size:
    from .packing.size import Size

    identity = rendering.model.identity
    return Size.of(
        cell.params.pixels,
        identity.device,
        pack=pack,
        exact=rendering.exact,
        compiled=identity.settings.compile != "none",
    )
