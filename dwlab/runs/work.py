"""What is left to compute, picture by picture: what progress bars and estimates count in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..spec.rows import rows_of
from .cost import rates_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..render.resolved_cell import ResolvedCell
    from ..spec.model_choice import ModelChoice
    from ..spec.params import GenerationParams
    from ..store.store import Store


@dataclass(frozen=True)
class Work:
    """What is left to compute.

    rows: of the denoiser, by the position of the cell, which its events carry.
    costs: by position too, in seconds if `in_seconds`, otherwise in proportion to each other.
    of_pictures: False for other things than pictures, which have no rows. spent_pictures,
    spent_rows, spent_cost: of a search, before this run.
    """

    rows: Mapping[int, int]
    costs: Mapping[int, float]
    in_seconds: bool = False
    of_pictures: bool = True
    spent_pictures: int = 0
    spent_rows: int = 0
    spent_cost: float = 0.0

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def total_pictures(self) -> int | None:
        """How many pictures there are to make; None if a search decides it."""
        return len(self.rows)

    @property
    def total_rows(self) -> int | None:
        """Rows of all that there is to make; None if a search decides it."""
        return sum(self.rows.values())

    @property
    def total_cost(self) -> float:
        """The cost of all that there is to make."""
        return sum(self.costs.values())

    @classmethod
    def equal(cls, count: int) -> Work:
        """So many things of which nothing is known."""
        positions = range(count)
        rows = dict.fromkeys(positions, 1)
        return cls(rows, costs=dict.fromkeys(positions, 1.0), of_pictures=False)

    @classmethod
    def of(
        cls,
        params: Sequence[GenerationParams],
        rates: Mapping[ModelChoice, float | None] | None = None,
    ) -> Work:
        """The work of some recipes. rates: seconds per row and pixel, by model."""
        return cls._of(dict(enumerate(params)), rates or {})

    @classmethod
    def of_cells(cls, cells: Sequence[ResolvedCell], store: Store) -> Work:
        """The work of some cells, in seconds if the store or the catalog knows what they take."""
        params = {cell.position: cell.params for cell in cells}
        rates = rates_of(cells, store)
        return cls._of(params, {choice: rate.seconds for choice, rate in rates.items()})

    @classmethod
    def _of(
        cls,
        params: Mapping[int, GenerationParams],
        rates: Mapping[ModelChoice, float | None],
    ) -> Work:
        rows = {position: rows_of(cell) for position, cell in params.items()}
        amounts = {position: rows[position] * cell.pixels for position, cell in params.items()}
        costs = {}
        for position, cell in params.items():
            seconds = rates.get(cell.choice)
            if seconds is None:
                return cls(rows, amounts)
            costs[position] = seconds * amounts[position]
        return cls(rows, costs, in_seconds=True)
