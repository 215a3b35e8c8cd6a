"""A contact sheet of one long axis, wrapped into lines of tiles that each have a label."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..text_fit import fit, fit_all
from .arrangement import TRACK_LIMIT, Level
from .nested import cut_values
from .sheet import GAP, LEVEL_GAP, MARGIN, MUTED, Label, Sheet, TextSize, Tile, rows_by_place

if TYPE_CHECKING:
    import pandas as pd

    from ...analysis.axes import Axis

LABEL_LINES = 3
NAME_GAP = 6  # pixels between the axis' name and the first tiles
LABEL_GAP = 2  # pixels between a tile and its label


def wrapped(table: pd.DataFrame, axis: Axis, side: int, max_cells: int) -> Sheet:
    """The sheet without its head."""
    text = TextSize.beside(side)
    count = min(max_cells, len(axis.values))
    columns = min(TRACK_LIMIT, math.ceil(math.sqrt(count * 1.6)))
    width = columns * (side + GAP) - GAP
    texts = [axis.label(value) for value in axis.values[:count]]
    fitted = fit_all(texts, side, LABEL_LINES, text.size)
    pitch = side + text.line * max(len(lines) for lines in fitted) + LEVEL_GAP
    top = text.line + NAME_GAP

    name = fit(axis.name, width, 1, text.size)
    labels = [Label(MARGIN, 0, width, text.line, name, text.size, align="left", ink=MUTED)]
    tiles = []
    by_place = rows_by_place(table, [axis])
    for position, lines in enumerate(fitted):
        line, column = divmod(position, columns)
        rows = by_place.get((position,), [])
        tile = Tile(
            x=MARGIN + column * (side + GAP),
            y=top + line * pitch,
            row=rows[0] if rows else None,
        )
        tiles.append(tile)
        height = text.line * len(lines)
        labels.append(Label(tile.x, tile.y + side + LABEL_GAP, side, height, lines, text.size))
    cut = cut_values(Level(axis, count))
    return Sheet(
        side=side,
        width=2 * MARGIN + width,
        height=top + math.ceil(count / columns) * pitch + MARGIN,
        labels=labels,
        tiles=tiles,
        shown=sum(tile.row is not None for tile in tiles),
        left_out=[cut] if cut else [],
    )
