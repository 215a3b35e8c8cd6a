"""`dwlab plot`: a figure of an experiment, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations
from .completion import NameArgument  # noqa: TC001  # typer reads the annotations


def plot(
    name: NameArgument,
    figure: Annotated[
        str, typer.Argument(help="heat-maps, frontier, convergence, metric or seconds.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="The file to write: .png, .pdf or .svg (default: NAME-FIGURE.png).",
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="A column of the table (default: the one that tells the quality).",
            metavar="COLUMN",
        ),
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="Light on dark.")] = False,
    results: ResultsOption = None,
) -> None:
    """Draw a figure of an experiment.

    convergence is made for a paper: 85 mm wide, to be read in grey and by colour-blind readers.

    Examples:
        dwlab plot good-enough heat-maps
        dwlab plot convergence convergence -o convergence.pdf
    """
    from ..runs.results import Results
    from ..views.figures import draw, format_of, save

    path = output or Path(f"{name}-{figure}.png")
    # drawing may take a while
    format_of(path)
    chart = draw(Results(results).table(name), figure, metric=metric, dark=dark)
    save(chart, path)
    typer.echo(str(path))
