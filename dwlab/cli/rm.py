"""`dwlab rm`: an experiment removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations
from .completion import NameArgument  # noqa: TC001  # typer reads the annotations

if TYPE_CHECKING:
    from ..store.experiment_removal import ExperimentParts


def rm(
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    votes: Annotated[
        bool,
        typer.Option("--votes", help="Also the votes on it, and the pictures that only they hold."),
    ] = False,
    results: ResultsOption = None,
) -> None:
    """Remove an experiment: its folder, its rows, and the pictures that nothing else holds.

    Pictures with a star, a pin, a note or a vote stay, and those of other experiments.

    Examples:
        dwlab rm quickstart
        dwlab rm quickstart --yes --votes
    """
    from ..paths import results_folder
    from ..store import experiment_removal

    root = results_folder(results)
    experiment = experiment_removal.parts(root, name, votes=votes)
    typer.echo(_description(experiment))
    if not yes:
        typer.confirm("Remove these?", abort=True)
    experiment_removal.remove(root, experiment)
    typer.echo(f"{name} is removed")


def _description(experiment: ExperimentParts) -> str:
    """What is going to be removed, and what stays."""
    from tqdm import tqdm

    size = tqdm.format_sizeof(sum(file.bytes for file in experiment.pictures), "B")
    stay = experiment.cells - len(experiment.keys)
    return (
        f"{experiment.name}: {experiment.cells:,} cells, {len(experiment.pictures):,} pictures "
        f"({size}) that nothing else holds, and the folder {experiment.folder}; "
        f"{stay:,} cells stay or were never computed{_votes(experiment)}"
    )


def _votes(experiment: ExperimentParts) -> str:
    """What happens to the votes on it; empty if there are none."""
    if not experiment.votes:
        return ""
    if experiment.with_votes:
        return f"; {experiment.votes:,} votes go too"
    return f"; {experiment.votes:,} votes stay with their pictures (--votes removes them too)"
