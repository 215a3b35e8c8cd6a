"""The files of a sweep that people open: table, grid, viewer and report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from ..paths import experiment_folder
from ..runs.results import Results
from ..views.export import export
from ..views.grids.drawing import save_grid
from ..views.report.writing import save_report
from ..views.viewer import page as viewer
from .made_from import FILES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..runs.outcome import Outcome
    from ..spec.sweep import SweepSpec


def write_artifacts(
    outcome: Outcome,
    *,
    seconds: float | None = None,
    spec: SweepSpec | None = None,
    warnings: Sequence[str] = (),
) -> dict[str, Path]:
    """Write `table.csv`, `grid.png`, `viewer.html` and `report.html` of what the store holds.

    Returns their paths as `table`, `grid`, `viewer` and `report`. For seconds, spec and warnings, which the
    report shows, see `save_report`.
    """
    folder = experiment_folder(outcome.root, outcome.name)
    table = Results(outcome.root).table(outcome.name)
    written = {kind: folder / name for kind, name in FILES.items()}
    write_atomic(written["table"], export(table, "csv"))
    save_grid(table, written["grid"])
    # the report links to it
    viewer.save_viewer(table, written["viewer"], title=outcome.name)
    save_report(
        table,
        written["report"],
        title=outcome.name,
        outcome=outcome,
        seconds=seconds,
        spec=spec,
        warnings=warnings,
    )
    return written
