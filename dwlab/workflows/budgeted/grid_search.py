"""A search among the cells of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runs.search_answer import save_answer
from ...searching.searching import Search
from .answer import answer_of
from .grid import SearchGrid, search_grid
from .grid_rounds import GridRounds, check_budget
from .known import Known
from .methods import strategy_of
from .resolved import cells_with_seeds, resolved_cells, seconds_per_row

if TYPE_CHECKING:
    import threading

    from ...runs.outcome import Outcome
    from ...spec.cells import Cell
    from .chosen import ChosenCells
    from .prepared import Prepared


def search_in_grid(plan: Prepared, chosen: ChosenCells, cancel: threading.Event | None) -> Outcome:
    """Make what a strategy chooses, round by round, and keep what it found."""
    # nothing is written before a sweep that cannot be searched is refused
    _search_of(plan, plan.planned)
    grid, known, search = _search_of(plan, cells_with_seeds(plan.spec, plan.root, plan.limit))
    rate = seconds_per_row(list(grid.resolved.values()), plan.root)
    rounds = GridRounds(grid, known, search, chosen, rate)
    while not (cancel and cancel.is_set()) and rounds.make_next():
        pass
    name = plan.spec.name
    outcome = chosen.ended(name, plan.root, len(grid.cells), is_over=rounds.is_over)
    if outcome.begun:
        answer = answer_of(search, grid, plan.metric.name, plan.method, is_over=rounds.is_over)
        save_answer(plan.root, name, answer)
    return outcome


def _search_of(plan: Prepared, cells: list[Cell]) -> tuple[SearchGrid, Known, Search]:
    """The search among some cells, with the grid of them and what the store has.

    Raises InvalidInput for cells that are no grid, and a budget that does not pay for one round.
    """
    resolved = resolved_cells(cells, plan.identities, plan.root, plan.compute.exact)
    grid = search_grid(cells, resolved, plan.metric, plan.request, plan.margin)
    keys = {draw: cell.key for draw, cell in grid.resolved.items()}
    known = Known(plan.root, plan.spec.name, plan.metric.name, keys)
    search = Search(
        grid.problem,
        strategy_of(plan.method, seed=plan.request.seed, fill=plan.fill),
        plan.spec.most,
        free=known.of_others(),
    )
    check_budget(search, seconds_per_row(resolved, plan.root))
    return grid, known, search
