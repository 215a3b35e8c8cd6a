"""Resolved cells as the placing sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..spec.rows import rows_of
from .chunks import Load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..render.resolved_cell import ResolvedCell


def loads_of(cells: Iterable[ResolvedCell]) -> list[Load]:
    """Cells as loads, which cost rows of the denoiser times pixels.

    Cells of a group have all that a worker loads for them in common, and the size.
    """
    numbers: dict[object, int] = {}
    loads = []
    for cell in cells:
        model = numbers.setdefault((cell.identity, cell.second), len(numbers))
        added = numbers.setdefault((cell.adapters.files, cell.nets), len(numbers))
        size = (cell.params.width, cell.params.height)
        cost = float(rows_of(cell.params) * cell.params.pixels)
        loads.append(Load(cell.position, (model, added, size), cost))
    return loads
