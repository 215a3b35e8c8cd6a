"""Drawing the pages of a paper sheet, with labels that stay text in a PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Rectangle
from PIL import Image

from ...runs.table import open_input, open_picture
from ..charts import Chart
from ..design import colours
from ..grids.drawing import EMPTY, FAILED_INK, FAILED_PAPER, LINE, PAPER, failure_labels
from ..grids.sheet import MARGIN
from ..text_fit import line_height
from .page import POINTS_PER_INCH, UNITS_PER_POINT, Paper, units

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..grids.sheet import Label, Tile
    from .layout import PaperPage

ASCENT = 0.95  # of the type's size: from the top of a line to its base
RULE = 0.4  # points
SHADES = colours(dark=False)


class PageFigure:
    """A page as a figure of exactly the paper's size.

    vector: whether it becomes a PDF, in which pictures keep their own pixels.
    """

    def __init__(self, page: PaperPage, paper: Paper, *, vector: bool) -> None:
        self.figure = Chart(figsize=paper.inches, dpi=paper.dpi, facecolor=SHADES[PAPER])
        self._paper = paper
        self._vector = vector
        # the sheet has a margin at its left
        self._left = units(paper.margin) - MARGIN
        self._top = units(paper.margin)
        self._axes = self._whole_page()
        self._draw(page)

    def _whole_page(self) -> Axes:
        width, height = self._paper.inches
        axes = self.figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, width * POINTS_PER_INCH * UNITS_PER_POINT)
        axes.set_ylim(height * POINTS_PER_INCH * UNITS_PER_POINT, 0)
        axes.set_autoscale_on(False)
        return axes

    def _draw(self, page: PaperPage) -> None:
        for tile in page.sheet.tiles:
            self._draw_tile(page.table, tile, page.sheet.side)
        for seen in page.sheet.seen:
            picture = open_input(page.table, seen.path)
            if picture:
                self._paste(picture, self._left + seen.x, self._top + seen.y, seen.side)
        for label in page.sheet.labels:
            self._write(label, self._left, self._top)
        self._write(page.foot, 0, 0)

    def _draw_tile(self, table: pd.DataFrame, tile: Tile, side: int) -> None:
        x = self._left + tile.x
        y = self._top + tile.y
        if tile.row is None:
            self._box(x, y, side, PAPER, LINE)
            return
        row = table.iloc[tile.row]
        status = str(row.get("status", "ok"))
        picture = open_picture(table, row.get("image")) if status == "ok" else None
        if picture is None:
            self._box(x, y, side, FAILED_PAPER, FAILED_INK)
            size = min(self._paper.text_size, side // 4)
            for label in failure_labels(tile, side, size, status, row.get("error")):
                self._write(label, self._left, self._top)
        else:
            if picture.width != picture.height:
                self._box(x, y, side, EMPTY, "none")
            self._paste(picture, x, y, side)

    def _box(self, x: int, y: int, side: int, paper: str, ink: str) -> None:
        edge = "none" if ink == "none" else SHADES[ink]
        box = Rectangle((x, y), side, side, facecolor=SHADES[paper], edgecolor=edge, linewidth=RULE)
        self._axes.add_patch(box)

    def _paste(self, picture: Image.Image, x: int, y: int, side: int) -> None:
        """Put a picture into the middle of a square, as large as fits."""
        pixels = round(side / UNITS_PER_POINT / POINTS_PER_INCH * self._paper.dpi)
        picture.thumbnail((max(1, pixels), max(1, pixels)), Image.Resampling.LANCZOS)
        scale = side / max(picture.size)
        width = picture.width * scale
        height = picture.height * scale
        left = x + (side - width) / 2
        top = y + (side - height) / 2
        self._axes.imshow(
            np.asarray(picture),
            extent=(left, left + width, top + height, top),
            interpolation="none" if self._vector else "auto",
            aspect="auto",
        )

    def _write(self, label: Label, left: int, top: int) -> None:
        line = line_height(label.size)
        indent = {"left": 0.0, "center": label.width / 2, "right": float(label.width)}
        x = left + label.x + indent[label.align]
        y = top + label.y + (label.height - line * len(label.lines)) / 2
        for text in label.lines:
            self._axes.text(
                x,
                y + ASCENT * label.size,
                text,
                color=SHADES[label.ink],
                fontsize=label.size / UNITS_PER_POINT,
                fontweight="bold" if label.bold else "normal",
                ha=label.align,
                va="baseline",
                # a prompt with dollars is no formula
                parse_math=False,
            )
            y += line
