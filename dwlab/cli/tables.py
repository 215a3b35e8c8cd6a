"""Tables that commands print: drawn to fit a terminal, plain text elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from .._util.terminal_text import one_line
from .._util.text_table import text_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.table import Table

GAP = 2  # spaces between columns
FOLDED = 24  # columns of a terminal in which a long text can still be read


def show_table(
    rows: Iterable[Sequence[str]], head: Sequence[str], *, numbers: Iterable[int] = ()
) -> None:
    """Print texts in columns. numbers: columns that are aligned to the right.

    In a terminal the head stands out, and what does not fit beside the first columns is named below.
    Elsewhere each row is one line of plain text with all columns.
    """
    if sys.stdout.isatty():
        _draw([[one_line(text) for text in row] for row in rows], head, set(numbers))
    else:
        typer.echo(text_table(rows, head, numbers=numbers))


def _draw(rows: list[list[str]], head: Sequence[str], numbers: set[int]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    shown = _columns_that_fit(rows, head, console.width)
    table = _empty_table()
    for position, name in enumerate(head[:shown]):
        table.add_column(
            Text(name),
            justify="right" if position in numbers else "left",
            # only the last column may be longer than its place
            no_wrap=position < shown - 1,
            overflow="fold",
        )
    for row in rows:
        # as Text: what others wrote is no markup
        table.add_row(*map(Text, row[:shown]))
    console.print(table)
    if shown < len(head):
        typer.echo(f"more columns in a wider terminal: {', '.join(head[shown:])}")


def _columns_that_fit(rows: list[list[str]], head: Sequence[str], width: int) -> int:
    """How many of the first columns fit side by side, the last of them folded if need be."""
    from rich.cells import cell_len

    used = 0
    for position, name in enumerate(head):
        lengths = [cell_len(row[position]) for row in rows]
        needed = max([cell_len(name), *lengths])
        if used + needed > width:
            return position + (width - used >= FOLDED or position == 0)
        used += needed + GAP
    return len(head)


def _empty_table() -> Table:
    from rich import box
    from rich.table import Table

    return Table(
        box=box.SIMPLE_HEAD,
        header_style="bold",
        border_style="dim",
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),
    )
