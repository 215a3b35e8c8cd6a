"""Where the tiles and labels of a contact sheet go, before any picture is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...analysis.axes import constants, swept
from ...analysis.axis_pictures import picture_paths
from ...analysis.optional_columns import distinct, failed_cells
from ..text_fit import fit, line_height
from .arrangement import arranged, limit
from .nested import nested
from .sheet import MARGIN, MUTED, SIDE, Label, Sheet, TextSize
from .wrapped import wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

MIN_WIDTH = 420  # pixels, so that the head has room
WRAPPED_FROM = 9  # values of a single axis that do not stand in one row
HEAD_LINES = 3
EXPERIMENTS = 3  # names in the title


def lay_out(
    table: pd.DataFrame,
    *,
    rows: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    side: int = SIDE,
    max_cells: int = 400,
) -> Sheet:
    """The plan of a contact sheet; the arguments are those of `grid`."""
    arrangement = arranged(swept(table), rows, columns)
    for level in arrangement.levels:
        paths = picture_paths(table, level.axis)
        level.pictures = paths if any(paths) else []
    axes = arrangement.axes
    if len(axes) == 1 and len(axes[0].values) >= WRAPPED_FROM:
        sheet = wrapped(table, arrangement.levels[0], side, max_cells)
    else:
        limit(arrangement, max_cells)
        sheet = nested(table, arrangement, side)
    return _under_head(sheet, table)


def _under_head(sheet: Sheet, table: pd.DataFrame) -> Sheet:
    """The sheet below a title, what it shows, and what is the same in all its cells."""
    sheet = replace(sheet, width=max(sheet.width, MIN_WIDTH))
    size = TextSize.beside(sheet.side).size
    title = Label(
        x=MARGIN,
        y=MARGIN,
        width=sheet.width - 2 * MARGIN,
        height=0,
        lines=(),
        size=size + 5,
        align="left",
        bold=True,
    )
    note = replace(title, size=size - 1, ink=MUTED, bold=False)
    texts = [(title, _title(table)), (note, _counts(sheet, table)), (note, _fixed(table))]
    head: list[Label] = []
    y = MARGIN
    for style, text in texts:
        if text:
            lines = fit(text, style.width, HEAD_LINES, style.size, style.bold)
            height = line_height(style.size) * len(lines)
            head.append(replace(style, y=y, height=height, lines=lines))
            y += height + 3
    return sheet.below(head, y + 12)


def _title(table: pd.DataFrame) -> str:
    return ", ".join(distinct(table, "experiment")[:EXPERIMENTS]) or "pictures"


def _counts(sheet: Sheet, table: pd.DataFrame) -> str:
    """How many cells are shown of those that are there; a sweep may go on."""
    if not len(table):
        return "No pictures yet."
    count = f"{sheet.shown:,}"
    if sheet.shown < len(table):
        count += f" of {len(table):,}"
    text = f"{count} cell" if count == "1" else f"{count} cells"
    if sheet.left_out:
        text += f" ({'; '.join(sheet.left_out)})"
    failed = failed_cells(table)
    return f"{text}, {failed:,} failed" if failed else text


def _fixed(table: pd.DataFrame) -> str:
    texts = [f"{name} {value}" for name, value in constants(table).items() if "prompt" not in name]
    return " · ".join(texts)
