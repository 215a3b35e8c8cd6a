"""The page of a paper sheet: its size, resolution and type."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ..._util.checks import check_whole_number, is_number
from ...errors import InvalidInput

MM_PER_INCH = 25.4
POINTS_PER_INCH = 72
UNITS_PER_POINT = 4  # layouts are in whole units, fine enough for type
PAGES = {
    "a3": (297.0, 420.0),
    "a4": (210.0, 297.0),
    "a5": (148.0, 210.0),
    "letter": (215.9, 279.4),
    "legal": (215.9, 355.6),
}
LANDSCAPE = "-landscape"
DPI = 300
_SIZE = re.compile(r"(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)(mm|cm|in)")
_MM = {"mm": 1.0, "cm": 10.0, "in": MM_PER_INCH}


@dataclass(frozen=True)
class Paper:
    """How a sheet is printed.

    width, height, margin: mm. dpi: of its pictures, and of pages as PNG. font: points. picture: the
    side of a cell in mm; None for the largest from 12 to 40 mm at which all cells fit on one page,
    or else all columns.
    """

    width: float
    height: float
    margin: float = 10.0
    dpi: int = DPI
    font: float = 8.0
    picture: float | None = None

    def __post_init__(self) -> None:
        check_whole_number("dpi", self.dpi, 36, 2400)
        _check("font", self.font, 4, 36, "points")
        _check("margin", self.margin, 0, 100, "mm")
        if self.picture is not None:
            _check("picture", self.picture, 4, 500, "mm")

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height in inches."""
        return self.width / MM_PER_INCH, self.height / MM_PER_INCH

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of a page as PNG."""
        width, height = self.inches
        return round(width * self.dpi), round(height * self.dpi)

    @property
    def text_size(self) -> int:
        """The size of the type in units."""
        return round(self.font * UNITS_PER_POINT)


def paper(
    page: str = "a4",
    *,
    dpi: int = DPI,
    font: float = 8.0,
    picture: float | None = None,
    margin: float = 10.0,
) -> Paper:
    """The paper of a size like `a4`, `letter-landscape`, `85x120mm` or `3.3x5in`.

    For the other arguments see Paper. Raises InvalidInput.
    """
    width, height = _size(page)
    return Paper(width, height, margin=margin, dpi=dpi, font=font, picture=picture)


def units(mm: float) -> int:
    """A length in units, at most that long."""
    return math.floor(mm / MM_PER_INCH * POINTS_PER_INCH * UNITS_PER_POINT)


def _size(page: str) -> tuple[float, float]:
    """Width and height in mm."""
    text = page.strip().lower()
    name = text.removesuffix(LANDSCAPE)
    if name in PAGES:
        width, height = PAGES[name]
        return (height, width) if text.endswith(LANDSCAPE) else (width, height)
    match = _SIZE.fullmatch(text)
    sides = [float(match[part]) * _MM[match[3]] for part in (1, 2)] if match else []
    if not sides or not all(20 <= side <= 3000 for side in sides):
        names = ", ".join(PAGES)
        allowed = f"{names}, these with {LANDSCAPE}, or a size like 85x120mm, from 20 to 3000 mm"
        raise InvalidInput("page", page, allowed)
    return sides[0], sides[1]


def _check(field: str, value: object, low: float, high: float, unit: str) -> None:
    if not is_number(value) or not low <= value <= high:
        raise InvalidInput(field, value, f"{low} to {high} {unit}")
