"""`dwlab show`: one cell, with its attempts and its code."""

from __future__ import annotations

from typing import Annotated

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations


def show(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="The first digits of a cell's key, 8 or more.")
    ],
    code: Annotated[
        bool, typer.Option("--code", help="Print the code of the method that made the picture.")
    ] = False,
    results: ResultsOption = None,
) -> None:
    """Show a cell: its recipe, what was kept of its steps, why attempts failed, and the code that made it.

    Examples:
        dwlab show 3f8a12bc
        dwlab show 3f8a12bc --code
    """
    from ..paths import results_folder
    from ..workflows.shown_cell import cell_text, code_text

    text = code_text if code else cell_text
    typer.echo(text(results_folder(results), key))
