"""`dwlab report` and `dwlab open`: an experiment's report, made again or in a browser."""

from __future__ import annotations

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations
from .completion import NameArgument  # noqa: TC001  # typer reads the annotations


def report(name: NameArgument, results: ResultsOption = None) -> None:
    """Make an experiment's report again, from what the results folder holds now.

    Examples:
        dwlab report quickstart
    """
    from ..paths import results_folder
    from ..workflows.report import make_report

    typer.echo(str(make_report(results_folder(results), name)))


def open_report(name: NameArgument, results: ResultsOption = None) -> None:
    """Open an experiment's report in a browser, or print its path if there is none.

    A report that is not there yet is made first.

    Examples:
        dwlab open quickstart
    """
    import webbrowser

    from ..paths import results_folder
    from ..workflows.report import existing_report

    path = existing_report(results_folder(results), name)
    if not webbrowser.open(path.as_uri()):
        typer.echo(str(path))
