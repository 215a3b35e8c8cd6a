"""The work of a search as progress bars count it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runs.budget_work import BudgetWork
from ...spec.budget import Unit
from ...spec.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...render.resolved_cell import ResolvedCell
    from ...searching.budget import Spent
    from ...spec.budget import Budget


def work_of(
    cells: Iterable[ResolvedCell],
    budget: Budget | None,
    spent: Spent,
    rate: float | None,
    *,
    is_open: bool = False,
) -> BudgetWork:
    """What a search may still do.

    rate: seconds per row of the denoiser, if that is known. is_open: whether there are more cells.
    """
    rows = {cell.position: rows_of(cell.params) for cell in cells}
    unit = Unit.ROWS if budget is None else budget.unit
    costs = {position: float(count) for position, count in rows.items()}
    spent_cost = spent.rows
    if unit is Unit.PICTURES:
        costs = dict.fromkeys(rows, 1.0)
        spent_cost = float(spent.pictures)
    is_timed = unit is Unit.SECONDS and rate is not None
    if is_timed and rate is not None:
        costs = {position: rate * count for position, count in rows.items()}
        spent_cost = spent.seconds
    is_limited = budget is not None and (is_timed or unit is not Unit.SECONDS)
    return BudgetWork(
        rows=rows,
        costs=costs,
        in_seconds=is_timed,
        spent_pictures=spent.pictures,
        spent_rows=round(spent.rows),
        spent_cost=spent_cost,
        most_pictures=_most(budget, Unit.PICTURES),
        most_rows=_most(budget, Unit.ROWS),
        most_cost=budget.amount if budget is not None and is_limited else None,
        is_open=is_open,
    )


def _most(budget: Budget | None, unit: Unit) -> int | None:
    return round(budget.amount) if budget is not None and budget.unit is unit else None
