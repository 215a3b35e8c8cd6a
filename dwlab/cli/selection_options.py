"""Options that choose what of a table is shown, of several commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN = "What is shown"  # a group of options

WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        rich_help_panel=SHOWN,
        help='Only cells like "steps=5", "adherence>0.9" or "prompt~circle" (several = for '
        "one name are alternatives).",
    ),
]
RowsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rows",
        metavar="AXIS",
        help="Axes down the rows, outermost first.",
        rich_help_panel=SHOWN,
    ),
]
ColumnsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="AXIS",
        help="Axes across the columns, outermost first.",
        rich_help_panel=SHOWN,
    ),
]


def names_in(texts: Iterable[str] | None) -> list[str]:
    """The names of an option that is repeated, or has several names with commas."""
    names: list[str] = []
    for text in texts or ():
        names += [name.strip() for name in text.split(",")]
    return [name for name in names if name]
