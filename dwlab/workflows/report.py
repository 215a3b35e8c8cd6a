"""An experiment's report, made again from what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DwlabError
from ..paths import experiment_folder
from ..runs.results import Results
from ..spec import no_effect
from ..spec.sweep import SweepSpec
from ..views.report.writing import save_report

if TYPE_CHECKING:
    from pathlib import Path

REPORT = "report.html"


def make_report(root: Path, name: str) -> Path:
    """Write the report of an experiment of the results folder `root`; returns its path.

    Raises InvalidInput for an experiment that never ran here.
    """
    results = Results(root)
    table = results.table(name)
    path = experiment_folder(root, name) / REPORT
    spec = _spec(results, name)
    save_report(table, path, title=name, spec=spec, warnings=_warnings(spec) if spec else ())
    return path


def _spec(results: Results, name: str) -> SweepSpec | None:
    """The sweep of an experiment; None if this version of dwlab refuses what was stored."""
    try:
        return SweepSpec.from_dict(results.specs()[name])
    except DwlabError:
        return None


def _warnings(spec: SweepSpec) -> list[str]:
    """The warnings of a sweep; none if its model or its start pictures are gone by now."""
    try:
        return no_effect.warnings(spec, spec.cells(limit=spec.count()))
    except DwlabError:
        return []


def existing_report(root: Path, name: str) -> Path:
    """The path of an experiment's report, which is made if it is not there."""
    path = experiment_folder(root, name) / REPORT
    return path if path.is_file() else make_report(root, name)
