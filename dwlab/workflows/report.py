"""An experiment's report, made again from what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._util.gc_paused import gc_paused
from ..errors import DwlabError
from ..paths import experiment_folder
from ..runs.results import Results
from ..spec import no_effect
from ..spec.sweep import SweepSpec
from ..views.report.writing import save_report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

REPORT = "report.html"


@gc_paused()
def make_report(root: Path, name: str) -> Path:
    """Write the report of an experiment of the results folder `root`; returns its path.

    Raises InvalidInput for an experiment that never ran here.
    """
    results = Results(root)
    table = results.table(name)
    path = experiment_folder(root, name) / REPORT
    write_report(table, results.specs()[name], path, title=name)
    return path


def write_report(table: pd.DataFrame, values: Mapping[str, Any], path: Path, *, title: str) -> None:
    """Write the report of a table. values: the sweep, as it is stored."""
    spec = _spec(values)
    save_report(table, path, title=title, spec=spec, warnings=_warnings(spec) if spec else ())


def _spec(values: Mapping[str, Any]) -> SweepSpec | None:
    """A stored sweep; None if this version of dwlab refuses it."""
    try:
        return SweepSpec.from_dict(values)
    except DwlabError:
        return None


def _warnings(spec: SweepSpec) -> list[str]:
    """The warnings of a sweep; none if its model or its start pictures are gone by now."""
    try:
        return no_effect.stored_warnings(spec)
    except DwlabError:
        return []


def existing_report(root: Path, name: str) -> Path:
    """The path of an experiment's report, which is made if it is not there."""
    path = experiment_folder(root, name) / REPORT
    return path if path.is_file() else make_report(root, name)
