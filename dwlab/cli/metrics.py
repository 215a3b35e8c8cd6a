"""`dwlab metrics`: an experiment's pictures measured again."""

from __future__ import annotations

from typing import Annotated

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations


def metrics(
    name: Annotated[str, typer.Argument(help="The experiment's name.")],
    only: Annotated[
        list[str] | None, typer.Option("--only", help="A metric to compute; may be repeated.")
    ] = None,
    results: ResultsOption = None,
) -> None:
    """Compute the metrics of an experiment's pictures again."""
    from ..runs.remeasure import remeasure
    from ..runs.results import Results

    stored = Results(results)
    # refuses a name that never ran here
    stored.table(name)
    typer.echo(f"{name}: {remeasure(stored.root, name, only)}")
