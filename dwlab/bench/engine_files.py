"""Line up what `dwlab bench engine` measured on several machines: a table for each grid that some of them share."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from .engine import Report, ratio_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .engine import Row

Workload = tuple[str, float, str, int]  # model, scale of the steps, grid, cells


def line_up(reports: Mapping[Path, Report]) -> str:
    """Tables of engines on machines, one per workload; `reports` by their files.

    Ratios to the loop and to grouped calls are within one file: a round's times are measured side by side there.
    """
    from tabulate import tabulate

    parts = []
    for workload, files in _by_workload(reports).items():
        lines = [line for file in files for line in _lines(file, reports[file], workload)]
        parts.append(
            f"{_title(workload, len(files))}\n{tabulate(lines, headers='keys', tablefmt='github', stralign='left')}"
        )
    return "\n\n".join(parts)


def _by_workload(reports: Mapping[Path, Report]) -> dict[Workload, list[Path]]:
    """The files that measured each workload."""
    files: dict[Workload, list[Path]] = {}
    for file, report in reports.items():
        for workload in dict.fromkeys(_workload(report, row) for row in report.rows):
            files.setdefault(workload, []).append(file)
    return files


def _workload(report: Report, row: Row) -> Workload:
    return report.model, report.scale, row.grid, row.cells


def _title(workload: Workload, files: int) -> str:
    model, scale, grid, cells = workload
    steps = "" if scale == 1 else f", steps x {scale:g}"
    alone = "; no other file measured this" if files == 1 else ""
    return f"{model}, {grid} grid of {cells} cells{steps}{alone}"


def _lines(file: Path, report: Report, workload: Workload) -> list[dict[str, str]]:
    return [
        {
            "file": file.stem,
            "machine": report.machine(row.device),
            "engine": row.engine,
            "dtype": row.dtype,
            "images/s": f"{row.cells / statistics.median(row.seconds):.3g}",
            "x loop": ratio_text(report.rows, row, "loop"),
            "x grouped": ratio_text(report.rows, row, "grouped"),
            "of matmul": f"{statistics.median(row.tflops) * 1e12 / report.matmul[row.dtype]:.0%}",
            "diff": str(row.difference),
        }
        for row in report.rows
        if _workload(report, row) == workload
    ]
