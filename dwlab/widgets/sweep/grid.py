"""The contact sheet of a sweep, small enough for a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...views.grids.drawing import grid
from ...views.grids.layout import lay_out
from ..small_pictures import ThemedPicture, small_jpeg, small_webp

if TYPE_CHECKING:
    import pandas as pd

WIDTH_LIMIT = 1200  # pixels of the sheet
# bytes: together they are what one cell of a notebook may hold, written as text
THEMED_LIMIT = 55_000
PLAIN_LIMIT = 35_000
TILE_SIDES = (128, 96, 72, 48)  # pixels; the last one is taken even if the sheet is then too wide


def themed_grid(table: pd.DataFrame, description: str) -> ThemedPicture:
    """The contact sheet for a light and for a dark page."""
    side = _tile_side(table)
    light = grid(table, side=side)
    dark = grid(table, side=side, dark=True)
    return ThemedPicture(
        small_webp(light, THEMED_LIMIT),
        small_webp(dark, THEMED_LIMIT),
        description,
        kind="webp",
        plain=small_jpeg(light, PLAIN_LIMIT),
    )


def _tile_side(table: pd.DataFrame) -> int:
    for side in TILE_SIDES:
        if lay_out(table, side=side).width <= WIDTH_LIMIT:
            return side
    return TILE_SIDES[-1]
