"""Pictures that lie in the report itself, as data URIs."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from ..._util.html import data_uri
from ..grids.drawing import grid

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.figure import Figure

THUMBNAIL = 128  # pixels stored; shown at 96, so that it stays sharp on a dense screen
PNG_LIMIT = 1_500_000  # characters; a larger contact sheet is embedded as a JPEG
PLOT_DPI = 150
SHEET_SHRINKS_TO = 0.65  # of its width, as the window narrows; below that it scrolls


@dataclass(frozen=True)
class Plot:
    """A plot for a light and for a dark page."""

    light: str
    dark: str


@dataclass(frozen=True)
class TitledPlot:
    """A plot with its title, which is also its text for screen readers."""

    title: str
    plot: Plot


@dataclass(frozen=True)
class EmbeddedSheet:
    """The contact sheet for light and dark pages.

    min_width: pixels below which it scrolls instead of shrinking.
    """

    light: str
    dark: str
    min_width: int


def thumbnail(picture: Image.Image) -> str:
    """The picture, small, as a JPEG."""
    picture.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return _jpeg(picture, quality=88)


def contact_sheet(table: pd.DataFrame) -> EmbeddedSheet:
    """The contact sheet of a table."""
    sheet = grid(table)
    dark = grid(table, dark=True)
    return EmbeddedSheet(_sheet(sheet), _sheet(dark), round(SHEET_SHRINKS_TO * sheet.width))


def _sheet(sheet: Image.Image) -> str:
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    source = data_uri(buffer.getvalue(), "png")
    return source if len(source) <= PNG_LIMIT else _jpeg(sheet, quality=85)


def plot(draw: Callable[..., Figure]) -> Plot:
    """The plot that `draw(dark=...)` draws."""
    return Plot(light=_png(draw(dark=False)), dark=_png(draw(dark=True)))


def _png(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=PLOT_DPI)
    return data_uri(buffer.getvalue(), "png")


def _jpeg(picture: Image.Image, quality: int) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, subsampling=0)
    return data_uri(buffer.getvalue(), "jpeg")
