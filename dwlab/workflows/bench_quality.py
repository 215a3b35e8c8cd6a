"""Runs `dwlab bench quality`: a sweep of all ways to draw, then the clock, then what both say."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from ..bench.quality.chart import quality_chart
from ..bench.quality.run import report_of
from ..bench.quality.speed import PICTURES, ROUNDS, measure
from ..errors import RenderError
from ..paths import experiment_folder, results_folder
from ..runs.results import Results
from ..spec.compute import Compute
from .sweep import execute

if TYPE_CHECKING:
    from pathlib import Path

    from ..bench.quality.report import QualityReport
    from ..bench.quality.study import Study

FILE = "quality.json"


def execute_quality(
    study: Study,
    *,
    results: str | Path | None = None,
    rounds: int = ROUNDS,
    pictures: int = PICTURES,
    margin: float | None = None,
    download: bool = True,
) -> tuple[QualityReport, Path]:
    """Make a study's pictures, time its candidates, and write chart and file into its folder.

    The pictures are those of an ordinary sweep: a second run makes what is missing, and is timed
    anew. rounds, pictures: see `measure`. margin: see `report_of`. Raises RenderError if pictures
    failed, and KeyboardInterrupt after Ctrl-C, with what is finished kept.
    """
    device = study.identity.device
    compute = Compute(device=device)
    outcome, _ = execute(study.spec, results=results, compute=compute, download=download)
    if outcome.failed:
        raise RenderError(
            f"{outcome.failed} pictures of {study.spec.name} failed; its report says why"
        )
    timed = measure(study, rounds=rounds, pictures=pictures, on_step=_tell)
    table = Results(outcome.root).table(study.spec.name)
    report = report_of(study, table, timed, margin=margin)
    path = experiment_folder(results_folder(results), study.spec.name) / FILE
    report.save(path)
    write_atomic(path.with_suffix(".png"), quality_chart(report).png())
    return report, path


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
