"""`dwlab rerun`: a picture made again."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from .._util.exit_codes import SOME_DAMAGED
from .command import DeviceOption, ResultsOption  # noqa: TC001  # typer reads the annotations


def rerun(
    picture: Annotated[
        str,
        typer.Argument(
            metavar="PNG|KEY",
            help="A PNG that dwlab made, or the first digits of a key (8 or more).",
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The PNG to write (default: none).")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="The model that made it, if its recipe names one that is not known here.",
            metavar="MODEL",
        ),
    ] = None,
    device: DeviceOption = "auto",
    results: ResultsOption = None,
) -> None:
    """Make a picture again from its recipe, and say how it differs from the original.

    Examples:
        dwlab rerun circle.png -o again.png
        dwlab rerun 3f8a12bc
    """
    from ..workflows.certificate.rerunning import rerun

    again = rerun(picture, results=results, model=model, device=device)
    if output:
        typer.echo(str(again.picture.save(output)))
    typer.echo(str(again))
    if not again.verdict.good:
        raise typer.Exit(SOME_DAMAGED)
