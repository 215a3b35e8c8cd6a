"""What a contact sheet consists of: tiles, and labels that were fitted to their boxes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ...analysis.optional_columns import statuses
from ..text_fit import line_height

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from ...analysis.axes import Axis

# tokens of the design, see `dwlab.views.design.colours`
INK = "ink"
MUTED = "muted"
SIDE = 128  # pixels of a tile
GAP = 4  # pixels between tiles
LEVEL_GAP = 14  # pixels more where the value of an outer axis changes
MARGIN = 20  # pixels around the sheet
SEEN = 0.375  # of a tile's side: that of a picture in a label
SEEN_GAP = 4  # pixels between a label's picture and its text


@dataclass(frozen=True)
class Label:
    """Text that was wrapped to fit its box of `width` x `height` pixels at (`x`, `y`).

    size: pixels of the font. align: left, center or right. ink: a token of the design.
    """

    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    size: int
    align: str = "center"
    ink: str = INK
    bold: bool = False


@dataclass(frozen=True)
class Tile:
    """A square with its upper left corner at (`x`, `y`).

    row: of the table; None if the sweep has no cell there.
    """

    x: int
    y: int
    row: int | None


@dataclass(frozen=True)
class Seen:
    """A picture that a label stands for, in a square of `side` pixels at (`x`, `y`).

    path: relative to the results folder.
    """

    x: int
    y: int
    side: int
    path: str


@dataclass(frozen=True)
class Sheet:
    """Where everything goes. shown: how many cells are on it. left_out: why not all are."""

    side: int
    width: int
    height: int
    labels: list[Label]
    tiles: list[Tile]
    shown: int
    left_out: list[str] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def below(self, labels: list[Label], height: int) -> Sheet:
        """The sheet moved down by `height` pixels, with `labels` above it."""
        moved = [replace(label, y=label.y + height) for label in self.labels]
        return replace(
            self,
            height=self.height + height,
            labels=labels + moved,
            tiles=[replace(tile, y=tile.y + height) for tile in self.tiles],
            seen=[replace(picture, y=picture.y + height) for picture in self.seen],
        )


def seen_side(side: int) -> int:
    """The pixels of a label's picture beside tiles of `side` pixels."""
    return max(16, round(SEEN * side))


@dataclass(frozen=True)
class TextSize:
    """The size of a sheet's text, in pixels."""

    size: int

    @classmethod
    def beside(cls, side: int) -> TextSize:
        """The size that suits tiles of `side` pixels."""
        return cls(max(9, min(18, round(side / 10))))

    @property
    def line(self) -> int:
        """Pixels from one line to the next."""
        return line_height(self.size)


def rows_by_place(
    table: pd.DataFrame, axes: Sequence[Axis], counts: Sequence[int]
) -> dict[tuple[int, ...], list[int]]:
    """Rows by the positions of their values on the axes; those with a picture first.

    counts: how many values of each axis the sheet shows; rows with others are left out.
    """
    status_of = statuses(table)
    is_shown = np.ones(len(table), dtype=bool)
    for axis, count in zip(axes, counts, strict=True):
        is_shown &= axis.codes.to_numpy() < count
    shown = np.flatnonzero(is_shown)
    codes = [axis.codes.to_numpy()[shown].tolist() for axis in axes]
    places = list(zip(*codes, strict=True)) if axes else [()] * len(shown)
    rows: dict[tuple[int, ...], list[int]] = {}
    for row, place in zip(shown.tolist(), places, strict=True):
        rows.setdefault(place, []).append(row)
    for group in rows.values():
        group.sort(key=lambda row: status_of[row] != "ok")
    return rows
