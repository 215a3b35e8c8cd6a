"""The cells that a search has chosen so far, and the runs that make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runs.outcome import Outcome
from ...runs.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ...spec.cells import Cell


class ChosenCells:
    """Makes the cells of one round after the other, each in a run with all that were chosen.

    make: runs the sweep with some cells. on_plan: told of the work of all rounds, before the first.
    """

    def __init__(
        self, make: Callable[..., Outcome], on_plan: Callable[[int, Work], None] | None
    ) -> None:
        self._make = make
        self._on_plan = on_plan
        self._cells: dict[int, Cell] = {}
        self._outcomes: list[Outcome] = []

    def choose(self, cells: Iterable[Cell]) -> None:
        """Add cells; they are made by `run`."""
        self._cells |= {cell.position: cell for cell in cells}

    def run(self, cells: Iterable[Cell], total: int, work: Callable[[], Work]) -> None:
        """Make some of the chosen cells. total: of the sweep. work: of this round and all others."""
        on_plan = self._on_plan if not self._outcomes else None

        def plan(_total: int, _todo: Work) -> None:
            if on_plan:
                on_plan(total, work())

        outcome = self._make(
            cells=[self._cells[position] for position in sorted(self._cells)],
            to_make={cell.position for cell in cells},
            on_plan=plan,
        )
        self._outcomes.append(outcome)

    def ended(self, name: str, root: Path, total: int, *, is_over: bool) -> Outcome:
        """How all rounds together ended, with the chosen cells entered.

        total: of the sweep. is_over: whether the search would choose no more.
        """
        if not self._cells:
            return Outcome(name, root, total, begun=False)
        if not self._outcomes:
            self.run([], total, work=_no_work)
        last = self._outcomes[-1]
        made = sum(each.made for each in self._outcomes)
        failed = sum(each.failed for each in self._outcomes)
        notes = [note for each in self._outcomes for note in each.notes]
        return Outcome(
            name,
            root,
            total=last.total,
            reused=last.total - made - failed - last.left,
            made=made,
            failed=failed,
            filled=sum(each.filled for each in self._outcomes),
            notes=tuple(dict.fromkeys(notes)),
            nan=last.nan,
            warning=last.warning,
            is_stopped=not is_over,
        )


def _no_work() -> Work:
    return Work({}, {})
