"""What a search has spent, and what the rest of its budget pays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..spec.budget import Budget, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .problem import Draw


@dataclass(frozen=True)
class Spent:
    """What pictures have cost."""

    pictures: int = 0
    rows: float = 0.0
    seconds: float = 0.0

    def of(self, unit: Unit) -> float:
        """How much of one unit."""
        return float(getattr(self, unit))


def left(budget: Budget, spent: Spent) -> float:
    """How much of a budget is left, 0 or more."""
    return max(0.0, budget.amount - spent.of(budget.unit))


def fitting(
    budget: Budget,
    draws: Sequence[Draw],
    prices: Sequence[float],
    spent: Spent,
    seconds_per_row: float | None = None,
    *,
    free: frozenset[Draw] = frozenset(),
) -> list[Draw]:
    """The first draws that the rest of a budget pays.

    prices: rows of a picture of each setting. seconds_per_row: of a budget in seconds, by default
    what the pictures so far took; if nothing is known, all fit until the time is over. free: draws
    that cost nothing, because others made their pictures before.
    """
    rest = left(budget, spent)
    if seconds_per_row is None and spent.rows > 0:
        seconds_per_row = spent.seconds / spent.rows
    is_over = rest == 0
    chosen = []
    for draw in draws:
        if draw not in free:
            rest -= _cost(budget.unit, prices[draw.setting], seconds_per_row or 0.0)
            if is_over or rest < 0:
                break
        chosen.append(draw)
    return chosen


def _cost(unit: Unit, price: float, seconds_per_row: float) -> float:
    if unit is Unit.PICTURES:
        return 1.0
    return price if unit is Unit.ROWS else price * seconds_per_row
