"""What a plan says of a search: how much of the cells its budget pays at most."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..spec.budget import Unit
from ..spec.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..render.resolved_cell import ResolvedCell
    from ..spec.sweep import SweepSpec
    from .cost import Estimate


def search_text(spec: SweepSpec, cells: Collection[ResolvedCell]) -> str:
    """What a search may spend, in words; empty if all cells are computed."""
    if spec.request is None:
        return ""
    most = "no budget" if spec.most is None else f"at most {spec.most}"
    if spec.spans:
        names = ", ".join(spec.spans)
        return f"{spec.request.method}, {most}; of {names} the ends stand here for all values"
    rows = sum(rows_of(cell.params) for cell in cells)
    return f"{spec.request.method}, {most}; all cells would take {rows:,} denoiser rows"


def most_of_search(
    spec: SweepSpec, cells: Collection[ResolvedCell], everything: Estimate
) -> Estimate:
    """What a search costs at most. everything: what all of its cells cost, as far as they are to do."""
    budget = spec.most
    if budget is None or not cells:
        return everything
    if budget.unit is Unit.SECONDS:
        seconds = budget.amount
        if everything.seconds is not None and not spec.spans:
            seconds = min(seconds, everything.seconds)
        return replace(everything, seconds=seconds)
    total = len(cells)
    if budget.unit is Unit.ROWS:
        total = sum(rows_of(cell.params) for cell in cells)
    share = budget.amount / total
    if not spec.spans:
        share = min(1.0, share)
    seconds_left = None if everything.seconds is None else everything.seconds * share
    return replace(everything, seconds=seconds_left, bytes=everything.bytes * share)
