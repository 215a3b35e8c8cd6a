"""A results folder, read as tables with one row per cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._util.gc_paused import gc_paused
from ..errors import InvalidInput
from ..paths import results_folder
from ..store.cell_table import CellTable, cell_table, outcomes
from ..store.experiments import never_ran
from ..store.store import open_existing
from .cell_columns import CellColumns
from .first_rows import WHOLE, whole_of
from .search_answer import SEARCH, SearchAnswer, is_searched, load_answer
from .table import TRACES, Table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

# in the attrs of a table: what metrics that dwlab does not have say of themselves, by column
MEASURED = "measured"


class Results:
    """A results folder, for reading. path: the folder, or None for the usual one."""

    def __init__(self, path: str | Path | None = None):
        self.root = results_folder(path)

    def __repr__(self) -> str:
        return f"Results({str(self.root)!r}, experiments={self.experiments()})"

    def experiments(self) -> list[str]:
        """The names of the experiments that ran here, oldest first."""
        return list(self.specs())

    def specs(self) -> dict[str, dict[str, Any]]:
        """The experiments that ran here, by name, each as `Sweep.as_dict` returns it."""
        with open_existing(self.root) as store:
            return store.experiments.specs() if store else {}

    @gc_paused()
    def table(self, name: str | None = None, *, without: Collection[str] = ()) -> Table:
        """One row per cell of an experiment, in its order, or of the whole folder.

        without: columns such as `versions` that are left empty, so that a large table takes less
        time. Raises InvalidInput for an experiment that never ran here.
        """
        with open_existing(self.root) as store:
            specs = store.experiments.specs() if store else {}
            stored = cell_table(store.file, name, without=without) if store else CellTable()
            measured = store.measurements.facts(name) if store and name is not None else {}
            traces = store.traces.names(name) if store else []
        if name is not None and name not in specs:
            raise never_ran(self.root, name, specs)
        table = self._table(stored, specs[name] if name is not None else {}, measured)
        table.attrs[TRACES] = traces
        if name is not None:
            table.attrs[SEARCH] = self._search(name, specs[name])
        return table

    @gc_paused()
    def first_rows(self, name: str, count: int, *, without: Collection[str] = ()) -> Table:
        """The first rows of an experiment's table, which take less time than all of a large one.

        `attrs["whole"]` says what is known of all rows, see `Whole`. without: like for `table`.
        Raises InvalidInput for an experiment that never ran here.
        """
        with open_existing(self.root) as store:
            specs = store.experiments.specs() if store else {}
            if store is None or name not in specs:
                raise never_ran(self.root, name, specs)
            stored = cell_table(store.file, name, without=without, first=count)
            whole = whole_of(outcomes(store.file, name))
            measured = store.measurements.facts(name)
            traces = store.traces.names(name)
        table = self._table(stored, specs[name], measured)
        table.attrs[TRACES] = traces
        table.attrs[WHOLE] = whole
        table.attrs[SEARCH] = self._search(name, specs[name])
        return table

    def _search(self, name: str, spec: Mapping[str, Any]) -> SearchAnswer | None:
        """What the search of an experiment found; None if its cells were not chosen."""
        return load_answer(self.root, name) if is_searched(spec) else None

    def _table(
        self, stored: CellTable, spec: Mapping[str, Any], measured: Mapping[str, object]
    ) -> Table:
        cells = CellColumns(stored)
        table = Table(cells.columns)
        table.attrs["results"] = str(self.root)
        table.attrs["axes"] = cells.axis_values
        table.attrs["pictures"] = cells.picture_labels
        table.attrs["metric"] = spec.get("metric")
        table.attrs[MEASURED] = dict(measured)
        return table

    def find(self, name: str) -> Table | None:
        """The table of an experiment; None for one that never ran here."""
        try:
            return self.table(name)
        except InvalidInput:
            return None
