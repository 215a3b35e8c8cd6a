"""What a plan says of work that cells share: those that differ in guidance alone begin with the same calls."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..spec import accelerate, catalog, families
from ..spec.accelerators import TWO_CALLS, TWO_ROWS
from ..spec.rows import first_rows_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ..models.identity import Identity
    from ..render.resolved_cell import ResolvedCell
    from ..spec.compute import Compute

_ANY = 2.0


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
        f"{about} {shared:,} of {total:,} denoiser rows, because cells that differ in guidance alone "
        "have the same first step"
    )


def shared_rows(cells: Sequence[ResolvedCell], compute: Compute) -> float:
    """The rows of first steps that cells have in common with one before, counted as in `rows_of`."""
    cells = [cell for cell in cells if _is_packed(cell.identity, compute)]
    kinds = [cell.params.kind() for cell in cells]
    beginnings = {}
    for kind, cell in dict(zip(kinds, cells, strict=True)).items():
        beginnings[kind] = _beginning(cell)
    counts: Counter[Hashable] = Counter()
    rows: dict[Hashable, float] = {}
    for kind, cell in zip(kinds, cells, strict=True):
        beginning = beginnings[kind]
        if beginning is not None:
            params = cell.params
            same = (beginning, cell.identity, params.prompt, params.negative_prompt, params.seed)
            counts[same] += 1
            rows[same] = first_rows_of(params)
    return sum(((count - 1) * rows[same] for same, count in counts.items()), start=0.0)


def _is_packed(identity: Identity, compute: Compute) -> bool:
    """Whether pictures of a model are drawn together, as far as that shows before it is loaded."""
    is_one_by_one = compute.exact is None and (compute.pack or identity.pack) == 1
    is_offloaded = identity.settings.offload != "none"
    return identity.device.startswith(families.PACKED_ON) and not (is_one_by_one or is_offloaded)


def _beginning(cell: ResolvedCell) -> Hashable:
    """What cells of other guidances have too if they begin with the same calls; None if none do."""
    params = cell.params
    entry = catalog.lookup(str(cell.identity.folder))
    # others tell the model its guidance, and those with no second answer ignore the negative prompt
    by_two_answers = (
        entry.pipeline in TWO_ROWS | TWO_CALLS and "negative_prompt" not in entry.ignores
    )
    if not by_two_answers or params.code or accelerate.runs_alone(params.accelerate):
        return None
    return (params.replace(guidance=_ANY) if params.guided else params).kind()
