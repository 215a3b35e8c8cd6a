"""The files that a sweep leaves for people: table, grid and report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .export import export
from .files import write_atomic
from .grids import save_grid
from .paths import experiment_folder
from .report import save_report
from .results import Results

if TYPE_CHECKING:
    from pathlib import Path

    from .run import Outcome


def write_artifacts(outcome: Outcome) -> dict[str, Path]:
    """Write `table.csv`, `grid.png` and `report.html` for what the store holds; returns their paths by what they are."""
    folder = experiment_folder(outcome.root, outcome.name)
    table = Results(outcome.root).table(outcome.name)
    written = {"report": folder / "report.html", "table": folder / "table.csv", "grid": folder / "grid.png"}
    write_atomic(written["table"], export(table, "csv"))
    save_grid(table, written["grid"])
    summary = {"made": outcome.made, "reused": outcome.reused, "failed": outcome.failed, "left": outcome.left}
    save_report(table, written["report"], title=outcome.name, summary=summary)
    return written
