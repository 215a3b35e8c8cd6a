"""`dwlab list`: the experiments of a results folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations
from .tables import show_table

if TYPE_CHECKING:
    from ..store.overview import ExperimentSummary

HEAD = ("experiment", "cells", "done", "failed", "size", "last cell")
NUMBERS = (1, 2, 3, 4)  # columns that are aligned to the right
MINUTE = len("2026-01-02T03:04")


def list_experiments(results: ResultsOption = None) -> None:
    """List the experiments of a results folder: cells, size on disk, and when they last ran.

    A picture that several experiments have counts for each of them.

    Examples:
        dwlab list
        dwlab list --results ../other-project/results
    """
    from ..paths import results_folder
    from ..store.overview import overview

    root = results_folder(results)
    experiments = overview(root)
    if not experiments:
        typer.echo(f"no experiment has run in {root} yet")
        return
    show_table(map(_line, experiments), HEAD, numbers=NUMBERS)


def _line(experiment: ExperimentSummary) -> tuple[str, ...]:
    from tqdm import tqdm

    return (
        experiment.name,
        f"{experiment.cells:,}",
        f"{experiment.done:,}",
        f"{experiment.failed:,}",
        tqdm.format_sizeof(experiment.bytes, "B"),
        f"{experiment.latest[:MINUTE].replace('T', ' ')} UTC",
    )
