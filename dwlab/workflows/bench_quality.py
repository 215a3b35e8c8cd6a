"""Runs `dwlab bench quality`: a sweep of all ways to draw, then the clock, then what both say."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from ..bench.quality.chart import quality_chart
from ..bench.quality.run import failures_of, report_of
from ..bench.quality.speed import PICTURES, ROUNDS, measure
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
    anew. rounds, pictures: see `measure`. margin: see `report_of`. A way that fails is named in the
    report, with the reason. Raises RenderError if the plain way fails, and KeyboardInterrupt after Ctrl-C, with what is finished kept.
    """
    device = study.identity.device
    compute = Compute(device=device)
    outcome, _ = execute(study.spec, results=results, compute=compute, download=download)
    table = Results(outcome.root).table(study.spec.name)
    failures = failures_of(study, table)
    drawn = [each for each in study.candidates if each.name not in failures]
    timed = measure(
        replace(study, candidates=tuple(drawn)),
        rounds=rounds,
        pictures=pictures,
        on_step=_tell,
        failures=failures,
    )
    report = report_of(study, table, timed, margin=margin, unmeasured=failures)
    path = experiment_folder(results_folder(results), study.spec.name) / FILE
    report.save(path)
    write_atomic(path.with_suffix(".png"), quality_chart(report).png())
    return report, path


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
