"""What GPUs are to reach, and what they do: the table at the end of `dwlab bench gpu`."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..._util.text_table import text_table
from ...errors import InvalidInput
from .. import files
from ..engine.report import EngineReport, ratios

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..engine.report import EngineResult

HEAD = ("target", "asked", "measured", "by", "")
MET = "met"
MISSED = "missed"
NOT_MEASURED = "not measured"
PACKED = ("packed", "packed-fast", "packed-compiled")


@dataclass(frozen=True)
class Target:
    """A number to reach, by the best of the packed engines.

    value: of a result; None if it was not measured. least: what it should be at least.
    """

    text: str
    model: str
    grid: str
    least: float
    unit: str
    value: Callable[[EngineReport, EngineResult], float | None]


def _over(engine: str) -> Callable[[EngineReport, EngineResult], float | None]:
    """How many times as fast as another engine, by the median of rounds."""

    def value(report: EngineReport, result: EngineResult) -> float | None:
        values = ratios(report.results, result, engine)
        return statistics.median(values) if values else None

    return value


def _matmul_share(report: EngineReport, result: EngineResult) -> float:
    return result.matmul_share(report.matmul[result.dtype])


def _pictures(_report: EngineReport, result: EngineResult) -> float:
    return result.images_per_s


# of an H100 or H200 in bfloat16; homogeneous cells have 20 steps with guidance
TARGETS = (
    Target("SD1.5 at 512, same cells", "sd15-geometry", "homogeneous", 5, "x loop", _over("loop")),
    Target("SD1.5 at 512, mixed", "sd15-geometry", "heterogeneous", 5, "x loop", _over("loop")),
    # at 790 TFLOP/s a picture takes 44 ms, if nothing but its operations took time
    Target("SD1.5 at 512", "sd15-geometry", "homogeneous", 0.60, "of matmul", _matmul_share),
    Target("SDXL at 1024", "sdxl-geometry", "homogeneous", 1.7, "pictures/s", _pictures),
    Target(
        "SDXL at 1024, mixed", "sdxl-geometry", "heterogeneous", 1.15, "x grouped", _over("grouped")
    ),
)


def verdicts(folder: Path) -> str:
    """A table of the targets by the engine files in a folder, and what rows of large models gain."""
    reports = _reports(folder)
    lines = [_line(target, reports) for target in TARGETS]
    return "\n".join([text_table(lines, HEAD, numbers=(1, 2)), *_batch_gains(reports)])


def _reports(folder: Path) -> list[EngineReport]:
    """The reports that can be read."""
    reports = []
    for path in sorted(folder.glob("engine-*.json")):
        try:
            reports.append(EngineReport.of(files.load(path)))
        except InvalidInput:
            continue
    return reports


def _line(target: Target, reports: list[EngineReport]) -> tuple[str, ...]:
    asked = f"{target.least:g} {target.unit}"
    found: list[tuple[float, EngineResult]] = []
    for report in reports:
        found += _values(target, report)
    if not found:
        return (target.text, asked, "-", "-", NOT_MEASURED)
    best, result = max(found, key=lambda each: each[0])
    verdict = MET if best >= target.least else MISSED
    return (target.text, asked, f"{best:.2f}", f"{result.engine}, {result.dtype}", verdict)


def _values(target: Target, report: EngineReport) -> list[tuple[float, EngineResult]]:
    """What a report has for a target, with the results that it comes from."""
    values = []
    for result in report.results:
        is_asked = (report.model, result.grid) == (target.model, target.grid)
        value = target.value(report, result) if is_asked and result.engine in PACKED else None
        if value is not None:
            values.append((value, result))
    return values


def _batch_gains(reports: list[EngineReport]) -> list[str]:
    """How much a picture gains from company at all: no way of sharing forwards gains more."""
    lines = []
    for report in reports:
        for result in report.results:
            gain = _over("loop")(report, result)
            if (result.engine, result.grid) == ("grouped", "homogeneous") and gain is not None:
                lines.append(
                    f"{report.model}: lists of prompts make {gain:.2f} times the pictures of a loop, "
                    "which is about what company gains there"
                )
    return lines
