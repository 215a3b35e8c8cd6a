"""Thumbnails of a sweep, many on each sheet, so that a page draws thousands from a few pictures."""

from __future__ import annotations

import io
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from ...runs.table import open_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

ACROSS = 8  # thumbnails along a side of a sheet
PER_SHEET = ACROSS * ACROSS
# Cells up to which thumbnails have this side, in pixels: all of them, decoded, take about 160 MB.
SIDES = ((2_500, 128), (4_500, 96))
SMALLEST_SIDE = 64
QUALITY = 82
WORKERS = 4  # decoding and encoding release the interpreter's lock


@dataclass(frozen=True)
class Sheet:
    """A sheet of thumbnails as a WebP.

    sizes: width and height of each thumbnail, which lies at the top left of its square; zeros for a
    cell without a picture.
    """

    data: bytes
    sizes: list[tuple[int, int]]


def thumbnail_side(cells: int) -> int:
    """The largest side of a thumbnail of a sweep with so many cells, in pixels."""
    for most, side in SIDES:
        if cells <= most:
            return side
    return SMALLEST_SIDE


def sheet_count(cells: int) -> int:
    """How many sheets so many cells have."""
    return math.ceil(cells / PER_SHEET)


def all_sheets(table: pd.DataFrame, side: int) -> Iterator[Sheet]:
    """The sheets of all cells, in order."""
    numbers = range(sheet_count(len(table)))
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(lambda number: sheet(table, number, side), numbers)


def sheet(table: pd.DataFrame, number: int, side: int) -> Sheet:
    """One sheet, of the cells from `number * PER_SHEET` on. side: of a thumbnail, at most."""
    rows = table.iloc[number * PER_SHEET : (number + 1) * PER_SHEET]
    canvas = Image.new("RGB", (ACROSS * side, math.ceil(len(rows) / ACROSS) * side))
    sizes = []
    for position, image in enumerate(_images(rows)):
        picture = open_picture(table, image)
        if picture is None:
            sizes.append((0, 0))
            continue
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        corner = (position % ACROSS * side, position // ACROSS * side)
        canvas.paste(picture, corner)
        sizes.append(picture.size)
    buffer = io.BytesIO()
    canvas.save(buffer, "WEBP", quality=QUALITY, method=2)
    return Sheet(buffer.getvalue(), sizes)


def _images(rows: pd.DataFrame) -> list[object]:
    """The path of each row's picture; None for a cell that failed."""
    if "image" not in rows:
        return [None] * len(rows)
    if "status" not in rows:
        return list(rows["image"])
    return list(rows["image"].where(rows["status"] == "ok", None))
