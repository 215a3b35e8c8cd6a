"""The work of a search: how much may still be spent, of which it is not known on which cells."""

from __future__ import annotations

from dataclasses import dataclass

from .work import Work


@dataclass(frozen=True)
class BudgetWork(Work):
    """What a search may spend. rows, costs: of the cells that it may choose from.

    most_pictures, most_rows, most_cost: of the budget, None for what it does not limit; a cost is
    in the unit of `costs`. is_open: whether there may be more cells to choose from than these; `add`
    adds them.
    """

    rows: dict[int, int]
    costs: dict[int, float]
    most_pictures: int | None = None
    most_rows: int | None = None
    most_cost: float | None = None
    is_open: bool = False

    def add(self, more: BudgetWork) -> None:
        """Add the cells of other work of the same budget, before any event of them."""
        self.rows.update(more.rows)
        self.costs.update(more.costs)

    @property
    def total_pictures(self) -> int | None:
        """How many pictures there are to make; None if a search decides it."""
        return self.most_pictures

    @property
    def total_rows(self) -> int | None:
        """Rows of all that there is to make; None if a search decides it."""
        return self.most_rows

    @property
    def total_cost(self) -> float:
        """The cost of all that there is to make at most."""
        everything = self.spent_cost + sum(self.costs.values())
        if self.most_cost is None:
            return everything
        return self.most_cost if self.is_open else min(self.most_cost, everything)
