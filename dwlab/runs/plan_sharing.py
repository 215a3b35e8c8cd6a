"""What a plan says of work that cells share, and of models whose cells share none.

Cells that differ in guidance alone, or in the later steps at which it is left out, begin with the same calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..spec import accelerate, catalog, families
from ..spec.accelerators import TWO_CALLS, TWO_ROWS
from ..spec.beginnings import beginnings
from ..spec.rows import first_rows_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ..models.identity import Identity
    from ..render.resolved_cell import ResolvedCell
    from ..spec.compute import Compute
    from .resolve import Identities


def sharing_text(cells: Sequence[ResolvedCell], compute: Compute, workers: int) -> str:
    """How many denoiser rows are left out because other cells have them too; empty if none.

    On a CPU cells of other step counts or schedulers may begin alike too, which shows only when they do.
    Of several workers each has cells of its own, so that fewer are shared.
    """
    shared = round(shared_rows(cells, compute))
    if not shared:
        return ""
    total = sum(rows_of(cell.params) for cell in cells)
    about = "at most" if workers > 1 else "at least"
    return (
        f"{about} {shared:,} of {total:,} denoiser rows, because cells that differ in guidance, or "
        "in which later steps have it, have the same first step"
    )


def shared_rows(cells: Sequence[ResolvedCell], compute: Compute) -> float:
    """The rows of first steps that cells have in common with one before, counted as in `rows_of`."""
    kinds = [cell.params.kind() for cell in cells]
    may_share = {kind: _may_share(cell, compute) for kind, cell in zip(kinds, cells, strict=True)}
    params = [cell.params for kind, cell in zip(kinds, cells, strict=True) if may_share[kind]]
    before: set[Hashable] = set()
    rows = 0.0
    for beginning, cell in zip(beginnings(params), params, strict=True):
        if beginning in before:
            rows += first_rows_of(cell)
        before.add(beginning)
    return rows


def _may_share(cell: ResolvedCell, compute: Compute) -> bool:
    """Whether a cell can have its first step in common with others, as far as that shows before its model is loaded."""
    identity = cell.identity
    is_one_by_one = compute.exact is None and (compute.pack or identity.pack) == 1
    if is_one_by_one or _kept_alone(identity):
        return False
    if cell.params.code or accelerate.runs_alone(cell.params.accelerate):
        return False
    entry = catalog.lookup(str(identity.folder))
    # others tell the model its guidance, and those with no second answer ignore the negative prompt
    return entry.pipeline in TWO_ROWS | TWO_CALLS and "negative_prompt" not in entry.ignores


def never_packed(identities: Identities, compute: Compute) -> list[str]:
    """Warnings of models whose pictures cannot share forwards, as far as class and settings tell."""
    effect = "no picture can be made in exact mode" if compute.exact else "one picture at a time"
    warnings: dict[str, None] = {}
    for choice, identity in identities.items():
        pipeline = catalog.lookup(str(identity.folder)).pipeline
        reason = (families.never_packed(pipeline) if pipeline else None) or _kept_alone(identity)
        if reason:
            warnings[f"{choice.model}: {effect}, because {reason}"] = None
    return list(warnings)


def _kept_alone(identity: Identity) -> str | None:
    """Why device or settings keep pictures of a model from sharing forwards."""
    if not identity.device.startswith(families.PACKED_ON):
        return f"it was never tried on {identity.device}"
    if identity.settings.offload != "none":
        return "parts of it are offloaded while it runs"
    if identity.settings.quantisation.startswith("bitsandbytes"):
        return (
            f"{identity.settings.quantisation} was never tried with several pictures in a forward"
        )
    return None
