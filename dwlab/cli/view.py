"""`dwlab view`: an experiment's pictures, to be laid out, filtered and compared in a browser."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations
from .completion import NameArgument  # noqa: TC001  # typer reads the annotations


def view(
    name: NameArgument,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The file to write (default: NAME/viewer.html)."),
    ] = None,
    embed: Annotated[
        bool,
        typer.Option(
            "--embed", help="Put the full pictures into the file, so that it stands alone."
        ),
    ] = False,
    results: ResultsOption = None,
) -> None:
    """Make an experiment's viewer again: one file for a browser, which works offline.

    Full pictures are read from the results folder, as seen from the file, unless they are embedded.

    Examples:
        dwlab view quickstart
        dwlab view quickstart --embed -o quickstart.html
    """
    from ..paths import results_folder
    from ..workflows.viewer import make_viewer

    typer.echo(str(make_viewer(results_folder(results), name, output=output, embed=embed)))
