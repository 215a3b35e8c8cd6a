"""What the store has of the cells that a search may choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...store.searched_cells import SearchedCell, searched_cells
from ...store.store import open_existing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ...searching.problem import Draw


class Known:
    """The outcomes of draws, read from the store when made and at each `read`.

    keys: of the cells of all draws. name: of the experiment. metric: whose values are looked up.
    """

    def __init__(self, root: Path, name: str, metric: str, keys: Mapping[Draw, str]) -> None:
        self._root = root
        self._name = name
        self._metric = metric
        self._keys = keys
        self._cells: dict[str, SearchedCell] = {}
        self.read()

    def read(self) -> None:
        """Look up what there is now."""
        with open_existing(self._root) as store:
            if store is not None:
                self._cells = searched_cells(
                    store.file, self._name, self._metric, set(self._keys.values())
                )

    def of(self, draw: Draw) -> SearchedCell | None:
        """The outcome of a draw; None if it has none."""
        return self._cells.get(self._keys[draw])

    def is_complete(self, draw: Draw) -> bool:
        """Whether the picture of a draw is there and measured."""
        cell = self.of(draw)
        return cell is not None and cell.is_ok and cell.value is not None

    def of_others(self) -> frozenset[Draw]:
        """The draws whose pictures other experiments made."""
        return frozenset(draw for draw in self._keys if self._is_of_others(draw))

    def _is_of_others(self, draw: Draw) -> bool:
        cell = self.of(draw)
        return cell is not None and cell.is_ok and not cell.is_own

    def outcomes(self, draws: Iterable[Draw]) -> dict[Draw, SearchedCell]:
        """Those of some draws that have an outcome."""
        cells = {draw: self.of(draw) for draw in draws}
        return {draw: cell for draw, cell in cells.items() if cell is not None}

    def seconds(self, draws: Iterable[Draw]) -> float:
        """What the pictures of some draws took on the device."""
        cells = [self.of(draw) for draw in draws]
        return sum(cell.seconds for cell in cells if cell is not None)
