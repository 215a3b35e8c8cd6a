"""Drawing contact sheets."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from ..._util.atomic import write_atomic
from ...errors import InvalidInput
from ...runs.table import open_input, open_picture
from ..design import colours
from ..missing_pictures import reason
from ..text_fit import draw, fit, line_height, text_width
from .layout import lay_out
from .sheet import MUTED, SIDE, Label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from .sheet import Sheet, Tile

# tokens of the design
PAPER = "card"
EMPTY = "raised"  # beside a picture that is not square
LINE = "rule"  # around a place without a cell
FAILED_PAPER = "bad-soft"
FAILED_INK = "bad"
ERROR_LINES = 4


def grid(
    table: pd.DataFrame,
    *,
    rows: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    side: int | None = None,
    max_cells: int = 400,
    dark: bool = False,
) -> Image.Image:
    """A labelled contact sheet of the table's pictures, as an RGB picture.

    rows, columns: names of axes, outermost first; axes that are not named are nested around them.
    side: pixels of a tile, 16 to 1024 (128). max_cells: tiles at most; the sheet says what it
    leaves out. dark: for a dark page; otherwise the paper is white. Raises InvalidInput for an axis
    that the table does not have.
    """
    if side is not None and not 16 <= side <= 1024:
        raise InvalidInput("side", side, "16 to 1024 pixels")
    if max_cells < 1:
        raise InvalidInput("max_cells", max_cells, "at least 1")
    sheet = lay_out(table, rows=rows, columns=columns, side=side or SIDE, max_cells=max_cells)
    return drawn(table, sheet, dark=dark)


def drawn(table: pd.DataFrame, sheet: Sheet, *, dark: bool = False) -> Image.Image:
    """The picture of a sheet that was laid out for this table."""
    shades = colours(dark)
    canvas = Image.new("RGB", (sheet.width, sheet.height), shades[PAPER])
    pen = ImageDraw.Draw(canvas)
    for tile in sheet.tiles:
        _draw_tile(canvas, pen, table, tile, sheet.side, shades)
    for label in sheet.labels:
        _write(pen, label, shades)
    for seen in sheet.seen:
        picture = open_input(table, seen.path)
        if picture:
            _paste(canvas, picture, (seen.x, seen.y), seen.side)
    return canvas


def save_grid(table: pd.DataFrame, path: Path) -> None:
    """Write the default contact sheet to `path` as a PNG, whole or not at all."""
    buffer = io.BytesIO()
    grid(table).save(buffer, "PNG", optimize=True)
    write_atomic(Path(path), buffer.getvalue())


def _draw_tile(
    canvas: Image.Image,
    pen: ImageDraw.ImageDraw,
    table: pd.DataFrame,
    tile: Tile,
    side: int,
    shades: Mapping[str, str],
) -> None:
    box = (tile.x, tile.y, tile.x + side - 1, tile.y + side - 1)
    if tile.row is None:
        pen.rectangle(box, shades[PAPER], shades[LINE])
        return
    row = table.iloc[tile.row]
    status = str(row.get("status", "ok"))
    picture = open_picture(table, row.get("image")) if status == "ok" else None
    if picture is None:
        pen.rectangle(box, shades[FAILED_PAPER], shades[FAILED_INK])
        size = max(8, min(14, side // 10))
        for label in failure_labels(tile, side, size, status, row.get("error")):
            _write(pen, label, shades)
    else:
        pen.rectangle(box, shades[EMPTY])
        _paste(canvas, picture, (tile.x, tile.y), side)


def _paste(canvas: Image.Image, picture: Image.Image, corner: tuple[int, int], side: int) -> None:
    """Put the picture in the middle of a square with this upper left corner, as large as fits."""
    scale = side / max(picture.size)
    width = max(1, round(picture.width * scale))
    height = max(1, round(picture.height * scale))
    x, y = corner
    place = (x + (side - width) // 2, y + (side - height) // 2)
    canvas.paste(picture.resize((width, height), Image.Resampling.LANCZOS), place)


def failure_labels(tile: Tile, side: int, size: int, status: str, error: object) -> list[Label]:
    """What a tile without a picture says: the status, and the error if there is room.

    size: of the type.
    """
    small = size - 2
    word = fit(_fitting_word(status, size, side - 4), side - 4, 2, size, bold=True)
    word_height = line_height(size) * len(word)
    room = (side - 8 - word_height) // line_height(small) - 1
    lines = max(0, min(ERROR_LINES, room))
    why = fit(error, side - 10, lines, small) if isinstance(error, str) else ()
    why_height = line_height(small) * len(why)
    top = tile.y + (side - word_height - why_height) // 2
    return [
        Label(tile.x, top, side, word_height, word, size, ink=FAILED_INK, bold=True),
        Label(tile.x, top + word_height, side, why_height, why, small, ink=MUTED),
    ]


def _fitting_word(status: str, size: int, width: int) -> str:
    """The first way to say the status of which every word fits into `width` pixels."""
    for text in (reason(status), status, "×"):
        if all(text_width(word, size, bold=True) <= width for word in text.split()):
            return text
    return ""


def _write(pen: ImageDraw.ImageDraw, label: Label, shades: Mapping[str, str]) -> None:
    line = line_height(label.size)
    y = label.y + (label.height - line * len(label.lines)) / 2
    for text in label.lines:
        spare = label.width - text_width(text, label.size, label.bold)
        indent = {"left": 0.0, "center": spare / 2, "right": spare}[label.align]
        draw(pen, (label.x + indent, y), text, shades[label.ink], label.size, label.bold)
        y += line
