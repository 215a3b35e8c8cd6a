"""Text in pictures: measured, wrapped and cut so that no label is clipped."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from PIL import ImageFont

TEXT_LIMIT = 2_000  # characters of a text that are looked at; no label shows that many


def fit(text: str, width: float, lines: int, size: int, bold: bool = False) -> tuple[str, ...]:
    """`text` wrapped into at most `lines` lines of `width` pixels, ended with an ellipsis where it is cut."""
    words = printable(text).split(" ")
    wrapped: list[str] = []
    while words and len(wrapped) < lines:
        taken = 1
        while taken < len(words) and text_width(" ".join(words[: taken + 1]), size, bold) <= width:
            taken += 1
        line, words = " ".join(words[:taken]), words[taken:]
        kept = _fitting(line, width, size, bold)
        if kept < len(line):  # one word wider than the line is broken
            words.insert(0, line[max(1, kept) :])
            line = line[:kept]
        wrapped.append(line)
    if words and wrapped:
        last = f"{wrapped[-1]} {words[0]}"
        wrapped[-1] = last[: _fitting(last, width - text_width("…", size, bold), size, bold)].rstrip() + "…"
        if text_width(wrapped[-1], size, bold) > width:
            wrapped[-1] = ""
    return tuple(wrapped)


def printable(text: str) -> str:
    """`text` on one line, in glyphs that DejaVu Sans has: no control or direction characters."""
    glyphs = _glyphs()
    spaced = " ".join(unicodedata.normalize("NFC", text[:TEXT_LIMIT]).split())
    # loose combining marks pile up without bound, so they go too
    kept = (c for c in spaced if unicodedata.category(c)[0] != "C" and unicodedata.category(c) not in ("Mn", "Me"))
    return "".join(c if ord(c) in glyphs else "▯" for c in kept)


def _fitting(text: str, width: float, size: int, bold: bool) -> int:
    """How many of the first characters fit into `width` pixels."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text_width(text[:middle], size, bold) <= width else (low, middle - 1)
    return low


def text_width(text: str, size: int, bold: bool) -> float:
    """Pixels that `text` takes in DejaVu Sans of `size` pixels."""
    return font(size, bold).getlength(text)


def line_height(size: int) -> int:
    """Pixels from one line of text to the next."""
    return round(size * 1.3)


@cache
def font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which matplotlib brings along everywhere."""
    return ImageFont.truetype(str(_font_file(bold)), size)


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(_font_file(False))).get_charmap())


def _font_file(bold: bool) -> Path:
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf" / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
