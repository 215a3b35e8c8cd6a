"""`dwlab sheet`: a sweep's pictures on pages of an exact size, for papers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations
from .completion import NameArgument  # noqa: TC001  # typer reads the annotations
from .selection_options import (
    ColumnsOption,  # typer reads the annotations
    RowsOption,  # typer reads the annotations
    WhereOption,  # typer reads the annotations
    names_in,
)

PAGE = "The pages"  # a group of options


def sheet(
    name: NameArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="A .pdf, or a .png of which there is one per page (default: NAME-sheet.pdf).",
            rich_help_panel=PAGE,
        ),
    ] = None,
    page: Annotated[
        str,
        typer.Option(
            help="a3, a4, a5, letter, legal, a4-landscape, or like 85x120mm.",
            metavar="SIZE",
            rich_help_panel=PAGE,
        ),
    ] = "a4",
    dpi: Annotated[
        int,
        typer.Option(help="Of pictures, and of pages as PNG: 36 to 2400.", rich_help_panel=PAGE),
    ] = 300,
    font: Annotated[
        float,
        typer.Option(help="Size of the type in points.", metavar="POINTS", rich_help_panel=PAGE),
    ] = 8.0,
    picture: Annotated[
        float | None,
        typer.Option(
            help="Side of a cell in mm (default: 12 to 40, so that all fits, or all columns).",
            metavar="MM",
            rich_help_panel=PAGE,
        ),
    ] = None,
    margin: Annotated[
        float, typer.Option(help="Around each page, in mm.", metavar="MM", rich_help_panel=PAGE)
    ] = 10.0,
    rows: RowsOption = None,
    columns: ColumnsOption = None,
    where: WhereOption = None,
    results: ResultsOption = None,
) -> None:
    """Put all pictures of a sweep on as many pages as it takes, in rows and columns with labels.

    In a PDF labels are text, in the size that --font says.

    Examples:
        dwlab sheet quickstart
        dwlab sheet quickstart --page 85x120mm --rows colour,shape --columns steps
    """
    from tqdm import tqdm

    from ..analysis.selection import selected
    from ..runs.results import Results
    from ..views.paper.files import save_sheet
    from ..views.paper.page import paper

    size = paper(page, dpi=dpi, font=font, picture=picture, margin=margin)
    table = selected(Results(results).table(name), where or ())
    paths = save_sheet(
        table,
        output or Path(f"{name}-sheet.pdf"),
        size,
        rows=names_in(rows),
        columns=names_in(columns),
        follow=lambda pages: tqdm(pages, unit=" pages", disable=None),
    )
    for path in paths:
        typer.echo(str(path))
