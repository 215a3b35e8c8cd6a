"""The frames of an animation: a contact sheet for each value of an axis."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...analysis.axes import named_axis, swept
from ...analysis.axis_pictures import picture_paths
from ...errors import InvalidInput
from ..grids.arrangement import Arrangement, Level, arranged
from ..grids.drawing import drawn
from ..grids.nested import nested
from ..grids.sheet import MARGIN, SIDE, Label, Sheet, TextSize
from ..text_fit import fit, line_height

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from PIL import Image

    from ...analysis.axes import Axis

MOST_TILES = 400  # in a frame
MOST_FRAMES = 1_000
MOST_PIXELS = 4_096  # of a side of a frame: what players of MP4 take
MIN_WIDTH = 240  # pixels, so that the title has room
TITLE_LINES = 3
TITLE_GAP = 8  # pixels below the title


@dataclass(frozen=True)
class Frames:
    """Frames of one size, in the order of the axis; numbers ascend.

    count: how many. size: width and height in pixels.
    """

    table: pd.DataFrame
    along: Axis
    order: list[int]
    arrangement: Arrangement
    titles: list[tuple[str, ...]]
    side: int

    @property
    def count(self) -> int:
        """How many frames there are."""
        return len(self.order)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of each frame in pixels."""
        sheet = self._sheet(self.table.iloc[:0], 0)
        return sheet.width, sheet.height

    def __iter__(self) -> Iterator[Image.Image]:
        for number, position in enumerate(self.order):
            rows = self.table[self.along.codes == position]
            yield drawn(rows, self._sheet(rows, number))

    def _sheet(self, rows: pd.DataFrame, number: int) -> Sheet:
        """The contact sheet of these rows under the title of a frame."""
        down = [_level_on(level, rows.index) for level in self.arrangement.down]
        across = [_level_on(level, rows.index) for level in self.arrangement.across]
        sheet = nested(rows, Arrangement(down, across), self.side)
        size = _title_size(self.side)
        title = Label(
            x=MARGIN,
            y=MARGIN,
            width=_width(sheet) - 2 * MARGIN,
            height=line_height(size) * len(self.titles[number]),
            lines=self.titles[number],
            size=size,
            align="left",
            bold=True,
        )
        # as high as the highest, so that nothing moves from frame to frame
        lines = max(len(lines) for lines in self.titles)
        moved = sheet.below([title], MARGIN + line_height(size) * lines + TITLE_GAP)
        return replace(moved, width=_width(sheet))


def frames(
    table: pd.DataFrame,
    along: str,
    *,
    rows: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    side: int | None = None,
) -> Frames:
    """A frame for each value of the axis `along`; all other axes stand in rows and columns.

    rows, columns: as in `dwlab.views.grids.drawing.grid`. side: pixels of a tile, 16 to 1024 (128).
    Raises InvalidInput for an axis that the table does not have, and for frames that would be too
    large or too many.
    """
    side = SIDE if side is None else side
    if not 16 <= side <= 1024:
        raise InvalidInput("side", side, "16 to 1024 pixels")
    axes = swept(table)
    axis = named_axis("along", along, axes)
    arrangement = arranged([other for other in axes if other is not axis], rows, columns)
    for level in arrangement.levels:
        paths = picture_paths(table, level.axis)
        level.pictures = paths if any(paths) else []
    _check_counts(axis, arrangement)
    order = list(range(len(axis.values)))
    if axis.numeric:
        order.sort(key=axis.numbers.__getitem__)
    result = Frames(table, axis, order, arrangement, [()] * len(order), side)
    width, _ = result.size
    size = _title_size(side)
    titles = [
        fit(axis.named(axis.values[position]), width - 2 * MARGIN, TITLE_LINES, size, bold=True)
        for position in order
    ]
    result = replace(result, titles=titles)
    _check_size(result)
    return result


def _check_counts(axis: Axis, arrangement: Arrangement) -> None:
    tiles = math.prod(level.count for level in arrangement.levels)
    if tiles > MOST_TILES:
        allowed = f"conditions that leave at most {MOST_TILES} cells per frame; these are {tiles:,}"
        raise InvalidInput("where", axis.name, allowed)
    if len(axis.values) > MOST_FRAMES:
        allowed = f"an axis of at most {MOST_FRAMES:,} values; it has {len(axis.values):,}"
        raise InvalidInput("along", axis.name, allowed)


def _check_size(result: Frames) -> None:
    width, height = result.size
    if max(width, height) > MOST_PIXELS:
        size = f"{width:,} x {height:,}"
        allowed = f"fewer, so that no side of a frame is above {MOST_PIXELS:,} pixels; it is {size}"
        raise InvalidInput("side", result.side, allowed)


def _level_on(level: Level, rows: pd.Index) -> Level:
    """The level for a table of these rows, with all its values."""
    axis = replace(level.axis, codes=level.axis.codes.loc[rows])
    return Level(axis, level.count, level.pictures)


def _title_size(side: int) -> int:
    return TextSize.beside(side).size + 3


def _width(sheet: Sheet) -> int:
    return max(sheet.width, MIN_WIDTH)
