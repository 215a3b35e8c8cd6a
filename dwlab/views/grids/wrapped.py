"""A contact sheet of one long axis, wrapped into lines of tiles that each have a label."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..text_fit import fit, fit_all
from .arrangement import TRACK_LIMIT, Level
from .nested import cut_values
from .sheet import (
    GAP,
    LEVEL_GAP,
    MARGIN,
    MUTED,
    SEEN_GAP,
    Label,
    Seen,
    Sheet,
    TextSize,
    Tile,
    rows_by_place,
    seen_side,
)

if TYPE_CHECKING:
    import pandas as pd

LABEL_LINES = 3
NAME_GAP = 6  # pixels between the axis' name and the first tiles
LABEL_GAP = 2  # pixels between a tile and its label


def wrapped(table: pd.DataFrame, level: Level, side: int, max_cells: int) -> Sheet:
    """The sheet without its head."""
    axis = level.axis
    text = TextSize.beside(side)
    # an axis of pictures has them left of their names
    seen = seen_side(side) if level.pictures else 0
    indent = seen + SEEN_GAP if seen else 0
    count = min(max_cells, len(axis.values))
    columns = min(TRACK_LIMIT, math.ceil(math.sqrt(count * 1.6)))
    width = columns * (side + GAP) - GAP
    texts = [axis.label(value) for value in axis.values[:count]]
    fitted = fit_all(texts, side - indent, LABEL_LINES, text.size)
    label_height = max(seen, text.line * max(len(lines) for lines in fitted))
    pitch = side + label_height + LEVEL_GAP
    top = text.line + NAME_GAP

    name = fit(axis.name, width, 1, text.size)
    labels = [Label(MARGIN, 0, width, text.line, name, text.size, align="left", ink=MUTED)]
    tiles = []
    pictures = []
    by_place = rows_by_place(table, [axis], [len(fitted)])
    for position, lines in enumerate(fitted):
        line, column = divmod(position, columns)
        rows = by_place.get((position,), [])
        tile = Tile(
            x=MARGIN + column * (side + GAP),
            y=top + line * pitch,
            row=rows[0] if rows else None,
        )
        tiles.append(tile)
        y = tile.y + side + LABEL_GAP
        height = max(seen, text.line * len(lines))
        align = "left" if seen else "center"
        labels.append(
            Label(tile.x + indent, y, side - indent, height, lines, text.size, align=align)
        )
        path = level.pictures[position] if seen else None
        if path:
            pictures.append(Seen(tile.x, y, seen, path))
    cut = cut_values(Level(axis, count))
    return Sheet(
        side=side,
        width=2 * MARGIN + width,
        height=top + math.ceil(count / columns) * pitch + MARGIN,
        labels=labels,
        tiles=tiles,
        shown=sum(tile.row is not None for tile in tiles),
        left_out=[cut] if cut else [],
        seen=pictures,
    )
