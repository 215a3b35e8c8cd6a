"""The rounds of a search among the cells of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...searching.searching import SEARCH_SHARE
from ...spec.budget import Budget, Unit
from .work import work_of

if TYPE_CHECKING:
    from ...runs.budget_work import BudgetWork
    from ...searching.searching import Search
    from .chosen import ChosenCells
    from .grid import SearchGrid
    from .known import Known


class GridRounds:
    """The rounds of a search, each a run of the cells that were chosen so far.

    rate: seconds per row of the denoiser, if that is known before. is_over: whether the search
    wants no more pictures.
    """

    def __init__(
        self,
        grid: SearchGrid,
        known: Known,
        search: Search,
        chosen: ChosenCells,
        rate: float | None,
    ) -> None:
        self.is_over = False
        self._grid = grid
        self._known = known
        self._search = search
        self._chosen = chosen
        self._rate = rate

    def make_next(self) -> bool:
        """Make the pictures of the next round that are not there; whether there was one, to its end."""
        search = self._search
        draws = search.next_round(None if search.spent.rows else self._rate)
        if not draws:
            self.is_over = True
            return False
        cells = self._grid.chosen(draws)
        self._chosen.choose(cells)
        if not all(map(self._known.is_complete, draws)):
            self._chosen.run(cells, len(self._grid.cells), self._work)
            self._known.read()
        outcomes = self._known.outcomes(draws)
        paid = [draw for draw in outcomes if draw not in search.free]
        values = [cell.value for cell in outcomes.values()]
        search.tell(list(outcomes), values, self._known.seconds(paid))
        return len(outcomes) == len(draws)

    def _work(self) -> BudgetWork:
        search = self._search
        cells = self._grid.resolved
        open_cells = [cell for draw, cell in cells.items() if draw not in search.free]
        return work_of(open_cells, search.budget, search.spent, self._rate)


def check_budget(search: Search, rate: float | None) -> None:
    """Raise InvalidInput if a budget does not pay for the first round."""
    draws = search.strategy.next_round(search.scores)
    if search.budget is None or len(search.next_round(rate)) >= len(draws):
        return
    paid = [draw for draw in draws if draw not in search.free]
    rows = sum(search.problem.prices[draw.setting] for draw in paid)
    amounts = {Unit.PICTURES: len(paid), Unit.ROWS: rows, Unit.SECONDS: rows * (rate or 0.0)}
    share = SEARCH_SHARE if search.problem.held_out else 1.0
    raise too_small(search.budget, amounts[search.budget.unit] / share)


def too_small(budget: Budget, needed: float) -> InvalidInput:
    """The error for a budget that does not pay for the first round. needed: in its unit."""
    least = Budget(-(-needed // 1), budget.unit)
    allowed = f"at least {least}, to pay for the first round of the search; or fewer settings"
    return InvalidInput("budget", str(budget), allowed)
