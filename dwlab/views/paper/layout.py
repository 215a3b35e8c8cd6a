"""Where everything goes on the pages of a paper sheet."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis.axes import constants, swept
from ...analysis.axis_pictures import picture_paths
from ...analysis.optional_columns import distinct
from ...errors import InvalidInput
from ..grids.arrangement import arranged
from ..grids.nested import LabelStyle, nested
from ..grids.sheet import MARGIN, MUTED, Label, Sheet, TextSize
from ..text_fit import fit, line_height
from .page import Paper, units
from .spans import Span, arrangement, runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

PICTURES = (40, 35, 30, 25, 20, 18, 16, 14, 12)  # mm, of which the first is taken that fits
LABEL_WIDTHS = (1.8, 2.4, 3.2, 4.2, 5.5)  # in sides of a tile
COLUMN_LINES = 12
EXPERIMENTS = 3  # names in the line below


@dataclass(frozen=True)
class PaperPage:
    """A page. table: the rows on it, which the tiles of `sheet` point to. foot: the line below."""

    table: pd.DataFrame
    sheet: Sheet
    foot: Label


@dataclass(frozen=True)
class _Layout:
    """Measures pages. empty: the table without rows. side: of a tile, in units."""

    empty: pd.DataFrame
    paper: Paper
    side: int

    def sheet(self, down: list[Span], across: list[Span]) -> Sheet:
        """The page with these values, before its rows are looked up."""
        levels = arrangement(down, across, self.empty.index)
        return nested(self.empty, levels, self.side, _style(self.paper))

    def is_narrow(self, across: list[Span], down: list[Span]) -> bool:
        """Whether the page is wide enough for these columns."""
        return self.sheet(down, across).width <= _room(self.paper)[0]

    def is_low(self, down: list[Span], across: list[Span]) -> bool:
        """Whether the page is high enough for these rows."""
        return self.sheet(down, across).height <= _room(self.paper)[1]


def pages(
    table: pd.DataFrame,
    paper: Paper,
    *,
    rows: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
) -> list[PaperPage]:
    """All cells of a table on as many pages as it takes.

    rows, columns: as in `dwlab.views.grids.drawing.grid`. Raises InvalidInput for an axis that the
    table does not have, and for a page on which not even one cell fits with its labels.
    """
    if not len(table):
        raise InvalidInput("table", "0 rows", "a table with cells")
    levels = arranged(swept(table), rows, columns)
    for level in levels.levels:
        paths = picture_paths(table, level.axis)
        level.pictures = paths if any(paths) else []
    down = [Span.whole(level) for level in levels.down]
    across = [Span.whole(level) for level in levels.across]
    layout = _Layout(table.iloc[:0], paper, _side(table, paper, down, across))
    places = list(_places(layout, down, across))
    return [
        _page(table, layout, place, f"page {number} of {len(places)}")
        for number, place in enumerate(places, 1)
    ]


def _places(
    layout: _Layout, down: list[Span], across: list[Span]
) -> Iterator[tuple[list[Span], list[Span]]]:
    """The values down and across of each page."""
    width, height = _room(layout.paper)
    # columns are as wide on every page, whatever rows it has
    for columns in runs(across, functools.partial(layout.is_narrow, down=down)):
        for rows in runs(down, functools.partial(layout.is_low, across=columns)):
            sheet = layout.sheet(rows, columns)
            if sheet.width > width or sheet.height > height:
                size = f"{layout.paper.width:g} x {layout.paper.height:g} mm"
                allowed = "a larger page, or smaller pictures, type or margins: no cell fits"
                raise InvalidInput("page", size, allowed)
            yield rows, columns


def _side(table: pd.DataFrame, paper: Paper, down: list[Span], across: list[Span]) -> int:
    """The side of a tile in units."""
    if paper.picture is not None:
        return units(paper.picture)
    layouts = [_Layout(table.iloc[:0], paper, side) for side in map(units, PICTURES)]
    narrow = [layout for layout in layouts if layout.is_narrow(across, down)]
    first_row = [span.part(0, 1) for span in down]
    # on one page if possible, otherwise without breaking rows of pictures
    for rows in (down, first_row):
        for layout in narrow:
            if layout.is_low(rows, across):
                return layout.side
    return layouts[-1].side


def _room(paper: Paper) -> tuple[int, int]:
    """Units for a sheet, whose own margins are part of the paper's; a line is left for the foot."""
    width = units(paper.width - 2 * paper.margin) + 2 * MARGIN
    height = units(paper.height - 2 * paper.margin) + MARGIN
    return width, height - 2 * line_height(paper.text_size)


def _style(paper: Paper) -> LabelStyle:
    return LabelStyle(TextSize(paper.text_size), LABEL_WIDTHS, COLUMN_LINES)


def _page(
    table: pd.DataFrame, layout: _Layout, place: tuple[list[Span], list[Span]], number: str
) -> PaperPage:
    down, across = place
    chosen = table
    for span in [*down, *across]:
        chosen = chosen.loc[span.holds().loc[chosen.index]]
    levels = arrangement(down, across, chosen.index)
    paper = layout.paper
    sheet = nested(chosen, levels, layout.side, _style(paper))
    return PaperPage(chosen, sheet, _foot(table, paper, number))


def _foot(table: pd.DataFrame, paper: Paper, number: str) -> Label:
    names = ", ".join(distinct(table, "experiment")[:EXPERIMENTS])
    fixed = [f"{name} {value}" for name, value in constants(table).items() if "prompt" not in name]
    text = " · ".join(part for part in (names, number, *fixed) if part)
    size = paper.text_size - 4
    width = units(paper.width - 2 * paper.margin)
    height = line_height(size)
    return Label(
        x=units(paper.margin),
        y=units(paper.height - paper.margin) - height,
        width=width,
        height=height,
        lines=fit(text, width, 1, size),
        size=size,
        align="left",
        ink=MUTED,
    )
