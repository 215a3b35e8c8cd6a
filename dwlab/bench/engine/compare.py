"""Compare the files of `dwlab bench engine` of several machines: one table per grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .report import ratio_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .report import EngineReport, EngineResult


def line_up(reports: Mapping[Path, EngineReport]) -> str:
    """Tables of engines on machines, one per workload; `reports` by their files.

    Ratios to the loop and to grouped calls are within one file, in which the times of a round were
    measured side by side.
    """
    from tabulate import tabulate

    parts = []
    for workload, files in _by_workload(reports).items():
        lines: list[dict[str, str]] = []
        for file in files:
            lines += _lines(file, reports[file], workload)
        table = tabulate(lines, headers="keys", tablefmt="github", stralign="left")
        alone = "; no other file measured this" if len(files) == 1 else ""
        parts.append(f"{workload}{alone}\n{table}")
    return "\n\n".join(parts)


@dataclass(frozen=True)
class EngineWorkload:
    """What must be the same for two results to be compared."""

    model: str
    scale: float
    grid: str
    cells: int

    def __str__(self) -> str:
        steps = "" if self.scale == 1 else f", steps x {self.scale:g}"
        return f"{self.model}, {self.grid} grid of {self.cells} cells{steps}"


def _workload(report: EngineReport, result: EngineResult) -> EngineWorkload:
    return EngineWorkload(report.model, report.scale, result.grid, result.cells)


def _by_workload(reports: Mapping[Path, EngineReport]) -> dict[EngineWorkload, list[Path]]:
    """The files that measured each workload."""
    files: dict[EngineWorkload, list[Path]] = {}
    for file, report in reports.items():
        workloads = [_workload(report, result) for result in report.results]
        for workload in dict.fromkeys(workloads):
            files.setdefault(workload, []).append(file)
    return files


def _lines(file: Path, report: EngineReport, workload: EngineWorkload) -> list[dict[str, str]]:
    return [
        _line(file, report, result)
        for result in report.results
        if _workload(report, result) == workload
    ]


def _line(file: Path, report: EngineReport, result: EngineResult) -> dict[str, str]:
    share = result.matmul_share(report.matmul[result.dtype])
    return {
        "file": file.stem,
        "machine": report.machine(result.device),
        "engine": result.engine,
        "dtype": result.dtype,
        "images/s": f"{result.images_per_s:.3g}",
        "x loop": ratio_text(report.results, result, "loop"),
        "x grouped": ratio_text(report.results, result, "grouped"),
        "of matmul": f"{share:.0%}",
        "diff": str(result.difference),
    }
