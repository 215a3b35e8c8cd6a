"""A contact sheet with rows and columns, and labels nested around them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..text_fit import fit, fit_all, printable, text_width
from .sheet import (
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
from .track import Block, Track

if TYPE_CHECKING:
    import pandas as pd

    from .arrangement import Arrangement, Level

ROW_LINES = 8  # of a label beside a row
LABEL_GAP = 4  # pixels between labels and what is below them
GUTTER_GAP = 10  # pixels between labels and what is to their right


@dataclass(frozen=True)
class LabelStyle:
    """How labels are set.

    widths: of labels beside rows at most, in sides of a tile; the first is taken at which none is
    cut. column_lines: of a label above a column at most.
    """

    text: TextSize
    widths: tuple[float, ...] = (1.8,)
    column_lines: int = 3


@dataclass(frozen=True)
class _Gutter:
    """Where the labels of one level of rows go. seen: pixels of the pictures beside their texts."""

    x: int
    width: int
    seen: int = 0

    @property
    def text_width(self) -> int:
        """Pixels that are left for texts."""
        return self.width - (self.seen + SEEN_GAP if self.seen else 0)


@dataclass(frozen=True)
class _Header:
    """The labels above the columns."""

    labels: list[Label]
    height: int
    seen: list[Seen]


def nested(
    table: pd.DataFrame, arrangement: Arrangement, side: int, style: LabelStyle | None = None
) -> Sheet:
    """The sheet without its head. style: of labels, if not the one that suits the tiles."""
    style = style or LabelStyle(TextSize.beside(side))
    text = style.text
    gutters = _gutters(arrangement.down, side, style)
    left = MARGIN + sum(gutter.width + GUTTER_GAP for gutter in gutters)
    columns = Track(arrangement.across, side)
    rows = Track(arrangement.down, side)
    header = _column_labels(arrangement.across, columns, left, style, seen_side(side))
    top = header.height
    if arrangement.down and not arrangement.across:
        # the names of the rows' axes stand above the first tile
        top += text.line + LABEL_GAP
    row_labels = _row_labels(arrangement.down, rows, gutters, top, text)

    cells = _cells_in_order(table, arrangement)
    corners = itertools.product(rows.offsets, columns.offsets)
    tiles = [
        Tile(left + x, top + y, candidates[0] if candidates else None)
        for (y, x), candidates in zip(corners, cells, strict=True)
    ]
    shown = sum(bool(candidates) for candidates in cells)
    cuts = [cut_values(level) for level in arrangement.levels]
    left_out = [cut for cut in cuts if cut]
    if sum(len(candidates) for candidates in cells) > shown:
        left_out.append("one for each place")
    return Sheet(
        side=side,
        width=left + columns.length + MARGIN,
        height=top + rows.length + MARGIN,
        labels=header.labels + row_labels,
        tiles=tiles if len(table) else [],
        shown=shown,
        left_out=left_out,
        seen=header.seen + _seen_beside(arrangement.down, rows, gutters, top),
    )


def _cells_in_order(table: pd.DataFrame, arrangement: Arrangement) -> list[list[int]]:
    """The rows of the table for each tile, row of tiles by row of tiles."""
    counts = [level.count for level in arrangement.levels]
    by_place = rows_by_place(table, arrangement.axes, counts)
    places = itertools.product(*map(range, counts))
    return [by_place.get(place, []) for place in places]


def cut_values(level: Level) -> str:
    """What to say of a level that does not show all its values; nothing if it does."""
    values = len(level.axis.values)
    if level.count == values:
        return ""
    return f"{level.axis.name}: the first {level.count:,} of {values:,}"


def _gutters(levels: list[Level], side: int, style: LabelStyle) -> list[_Gutter]:
    gutters = []
    x = MARGIN
    for depth, level in enumerate(levels):
        tiles = math.prod(inner.count for inner in levels[depth + 1 :])
        lines = _row_lines(side * tiles, style.text)
        width = _label_width(level, side, lines, style)
        seen = seen_side(side) if level.pictures else 0
        if seen:
            width += seen + SEEN_GAP
        gutters.append(_Gutter(x, width, seen))
        x += width + GUTTER_GAP
    return gutters


def _row_lines(height: int, text: TextSize) -> int:
    """How many lines a label beside rows of that height may have."""
    return max(1, min(ROW_LINES, height // text.line))


def _label_width(level: Level, side: int, lines: int, style: LabelStyle) -> int:
    """Pixels for a level's labels beside rows: all that they need, within the style's widths."""
    widest = _widest(level, style.text)
    width = widest
    for sides in style.widths:
        width = min(round(sides * side), widest)
        if width == widest or not _is_cut(level, width, lines, style.text):
            break
    return width


def _is_cut(level: Level, width: int, lines: int, text: TextSize) -> bool:
    """Whether some label does not fit into so many lines of that width."""
    labels = _labels(level, range(level.count))
    return any(len(fit(label, width, lines + 1, text.size)) > lines for label in labels)


def _widest(level: Level, text: TextSize) -> int:
    """Pixels of a level's widest label, or of its name."""
    labels = _labels(level, range(level.count))
    widths = [text_width(printable(label), text.size, bold=False) for label in labels]
    name = text_width(printable(level.axis.name), text.size, bold=False)
    return math.ceil(max(name, *widths)) + 2


def _labels(level: Level, values: range | list[int]) -> list[str]:
    axis = level.axis
    return [axis.label(axis.values[value]) for value in values]


def _column_labels(
    levels: list[Level], track: Track, left: int, style: LabelStyle, side: int
) -> _Header:
    """Labels above the columns: outer levels say their axis in each, the innermost above them.

    side: pixels of the pictures that stand above the labels of an axis of pictures.
    """
    text = style.text
    labels: list[Label] = []
    seen: list[Seen] = []
    y = 0
    for depth, level in enumerate(levels):
        blocks = track.blocks(depth)
        texts = _labels(level, [block.value for block in blocks])
        if depth < len(levels) - 1:
            texts = [f"{level.axis.name} {label}" for label in texts]
        else:
            spans = track.blocks(depth - 1) if depth else [Block(0, track.length, 0)]
            labels += [_axis_name(level, span, left, y, text) for span in spans]
            y += text.line
        if level.pictures:
            for block in blocks:
                x = left + block.start + (block.length - side) // 2
                seen += _seen(level, block, x, y, side)
            y += side + SEEN_GAP
        # all blocks of a level are equally wide
        fitted = fit_all(texts, blocks[0].length - 4, style.column_lines, text.size)
        height = text.line * max(len(lines) for lines in fitted)
        for block, lines in zip(blocks, fitted, strict=True):
            labels.append(Label(left + block.start, y, block.length, height, lines, text.size))
        y += height + LABEL_GAP
    return _Header(labels, y, seen)


def _seen_beside(levels: list[Level], track: Track, gutters: list[_Gutter], top: int) -> list[Seen]:
    """The pictures between the labels of rows and the tiles."""
    seen: list[Seen] = []
    for depth, (level, gutter) in enumerate(zip(levels, gutters, strict=True)):
        for block in track.blocks(depth) if level.pictures else ():
            x = gutter.x + gutter.width - gutter.seen
            y = top + block.start + (block.length - gutter.seen) // 2
            seen += _seen(level, block, x, y, gutter.seen)
    return seen


def _seen(level: Level, block: Block, x: int, y: int, side: int) -> list[Seen]:
    """The picture of a block's value, if it stands for one."""
    path = level.pictures[block.value]
    return [Seen(x, y, side, path)] if path else []


def _axis_name(level: Level, span: Block, left: int, y: int, text: TextSize) -> Label:
    lines = fit(level.axis.name, span.length, 1, text.size)
    return Label(left + span.start, y, span.length, text.line, lines, text.size, ink=MUTED)


def _row_labels(
    levels: list[Level], track: Track, gutters: list[_Gutter], top: int, text: TextSize
) -> list[Label]:
    """Labels beside the rows, each level in its gutter under the axis' name."""
    labels: list[Label] = []
    for depth, (level, gutter) in enumerate(zip(levels, gutters, strict=True)):
        name = Label(
            x=gutter.x,
            y=top - LABEL_GAP - text.line,
            width=gutter.width,
            height=text.line,
            lines=fit(level.axis.name, gutter.width, 1, text.size),
            size=text.size,
            align="right",
            ink=MUTED,
        )
        labels.append(name)
        blocks = track.blocks(depth)
        texts = _labels(level, [block.value for block in blocks])
        most = _row_lines(blocks[0].length, text)
        fitted = fit_all(texts, gutter.text_width, most, text.size)
        for block, lines in zip(blocks, fitted, strict=True):
            label = Label(
                x=gutter.x,
                y=top + block.start,
                width=gutter.text_width,
                height=block.length,
                lines=lines,
                size=text.size,
                align="right",
            )
            labels.append(label)
    return labels
