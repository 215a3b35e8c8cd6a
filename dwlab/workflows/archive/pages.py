"""The files of an export that people open: table, report and viewer, without paths of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._util.atomic import temporary_name, write_atomic
from ...runs.results import Results
from ...store.archived_cells import ExperimentRow, enter_cell, enter_experiment, enter_members
from ...store.store import Store
from ...views.export import export
from ...views.viewer.page import save_viewer
from ..report import write_report
from . import layout
from .rows import cell_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ...runs.table import Table


def portable_table(
    rows: Path, scratch: Path, name: str, experiment: ExperimentRow, root: Path
) -> Table:
    """The table that others have once they have taken in an export.

    rows: its `rows.jsonl`. scratch: an empty folder for a store with them. root: where the pictures
    are.
    """
    with Store(scratch) as store, store.file.transaction() as sql:
        enter_experiment(sql, name, experiment)
        members = []
        with rows.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                cell = cell_of(line, number)
                enter_cell(store.file, sql, cell)
                members.append(cell.member)
        enter_members(store.file, sql, name, members)
    table = Results(scratch).table(name)
    table.attrs["results"] = str(root)
    return table


def pages(
    table: Table, spec: Mapping[str, Any], name: str, folder: Path
) -> Iterator[tuple[str, Path]]:
    """Write table and pages to temporary files in `folder`; yields the name of each with its path.

    folder: the experiment's own, so that links to pictures are those of an export.
    """
    csv = folder / temporary_name(".csv")
    yield layout.TABLE, csv
    write_atomic(csv, export(table, "csv"))
    report = folder / temporary_name(".html")
    yield layout.REPORT, report
    write_report(table, spec, report, title=name)
    viewer = folder / temporary_name(".html")
    yield layout.VIEWER, viewer
    save_viewer(table, viewer, title=name)
