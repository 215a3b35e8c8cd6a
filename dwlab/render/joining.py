"""Cells that come while others are rendered, and join those that they can share forwards with."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..spec import accelerate, tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..models.adapters import Adapters
    from ..models.controlnets import ControlNet
    from ..models.identity import Identity
    from .resolved_cell import ResolvedCell


@dataclass(frozen=True)
class Company:
    """What cells have in common that are rendered by one pipeline in one size.

    alone: whether they have an accelerator that runs alone.
    """

    identity: Identity
    adapters: Adapters
    task: str
    nets: tuple[ControlNet, ...]
    second: Identity | None
    alone: bool
    width: int | None
    height: int | None

    @classmethod
    def of(cls, cell: ResolvedCell) -> Company:
        """The company that a cell fits into."""
        return cls(
            identity=cell.identity,
            adapters=cell.adapters,
            task=tasks.task_of(cell.params),
            nets=cell.nets,
            second=cell.second,
            alone=bool(accelerate.runs_alone(cell.params.accelerate)),
            width=cell.params.width,
            height=cell.params.height,
        )


class Joining:
    """Cells that one thread adds while another one renders.

    taken: those that the thread that renders has taken so far.
    """

    def __init__(self) -> None:
        self.taken: list[ResolvedCell] = []
        self._lock = threading.Lock()
        self._waiting: list[ResolvedCell] = []

    def add(self, cells: Sequence[ResolvedCell]) -> None:
        """Let cells join as soon as there is a place for them."""
        with self._lock:
            self._waiting += cells

    def take(self, company: Company) -> list[ResolvedCell]:
        """The cells that wait and fit into a company."""
        # without the lock, because it is asked before each forward
        if not self._waiting:
            return []
        with self._lock:
            fitting = [cell for cell in self._waiting if Company.of(cell) == company]
            self._waiting = [cell for cell in self._waiting if Company.of(cell) != company]
            self.taken += fitting
            return fitting

    def take_all(self) -> list[ResolvedCell]:
        """All cells that wait."""
        with self._lock:
            cells = self._waiting
            self._waiting = []
            self.taken += cells
            return cells
