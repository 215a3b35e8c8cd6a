"""`dwlab table`: what an experiment computed, as a table."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations
from .completion import NameArgument  # noqa: TC001  # typer reads the annotations
from .selection_options import WhereOption, names_in  # typer reads the annotations
from .tables import show_table

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 120  # columns, if there is no terminal
ROWS_ON_SCREEN = 200  # a pipe gets 1,000


def table(
    name: NameArgument,
    format: Annotated[
        str,
        typer.Option(
            help="text (fits the terminal), csv, json, parquet or markdown.", metavar="FORMAT"
        ),
    ] = "text",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The file to write (default: standard output)."),
    ] = None,
    where: WhereOption = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", metavar="NAME", help="These columns alone, in this order."),
    ] = None,
    traces: Annotated[
        str | None,
        typer.Option(
            "--traces",
            metavar="NAME",
            help="Instead of the pictures: what was kept of their steps under this name.",
        ),
    ] = None,
    results: ResultsOption = None,
) -> None:
    """Print an experiment's table, one row per cell.

    As text it has what was swept, metrics and seconds; csv, json and parquet have all columns.

    Examples:
        dwlab table quickstart
        dwlab table quickstart --where steps=20 --where "adherence<0.9"
        dwlab table quickstart --format csv -o quickstart.csv
        dwlab table probed --traces guidance_norm
    """
    import shutil

    from .._util.atomic import write_atomic
    from ..analysis.results import Results
    from ..analysis.selection import selected, with_columns
    from ..analysis.traces import text_columns
    from ..views.export import export
    from ..views.text_view import ROWS, UNSEEN, view_of

    width = shutil.get_terminal_size(fallback=(WIDTH, 24)).columns
    stored = Results(results)
    names = names_in(columns)
    if traces is not None:
        rows: pd.DataFrame = selected(stored.traces(traces, name), where or ())
        if format in ("text", "markdown"):
            names = names or text_columns(rows)
    elif format == "text" and not where and not columns:
        rows = stored.first_rows(name, ROWS, without=UNSEEN)
    else:
        rows = selected(stored.table(name), where or ())
    chosen = with_columns(rows, names)
    if format == "text" and not output and sys.stdout.isatty():
        view = view_of(chosen, width, ROWS_ON_SCREEN)
        show_table(view.rows, view.head, numbers=view.numbers)
        for note in view.notes:
            typer.echo(note)
        return
    data = export(chosen, format, width=width)
    if output:
        write_atomic(output, data)
    else:
        sys.stdout.buffer.write(data)
