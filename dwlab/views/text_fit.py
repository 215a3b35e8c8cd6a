"""Text in pictures: measured, wrapped and cut so that no label is clipped."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from . import fonts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from PIL import ImageDraw

TEXT_LIMIT = 2_000  # characters of a text that are looked at; no label shows that many
MARKS_LIMIT = 2  # combining marks in a row: they pile up without bound


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
        wrapped[-1] = (
            last[: _fitting(last, width - text_width("…", size, bold), size, bold)].rstrip() + "…"
        )
        if text_width(wrapped[-1], size, bold) > width:
            wrapped[-1] = ""
    return tuple(wrapped)


def fit_all(texts: Sequence[str], width: float, lines: int, size: int) -> list[tuple[str, ...]]:
    """As `fit`, for labels beside each other: different texts that would look alike get a number first."""
    fitted = [fit(text, width, lines, size) for text in texts]
    numbers = {text: k for k, text in enumerate(dict.fromkeys(texts), 1)}
    alike: dict[tuple[str, ...], set[str]] = {}
    for text, shown in zip(texts, fitted, strict=True):
        alike.setdefault(shown, set()).add(text)
    return [
        fit(f"#{numbers[text]} {text}", width, lines, size) if len(alike[shown]) > 1 else shown
        for text, shown in zip(texts, fitted, strict=True)
    ]


def printable(text: str) -> str:
    """`text` on one line without control or direction characters; a character that no font here has is its code, `U+661F`."""
    spaced = " ".join(unicodedata.normalize("NFC", text[:TEXT_LIMIT]).split())
    shown: list[str] = []
    marks, coded = 0, False
    for character in spaced:
        kind = unicodedata.category(character)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if (
            kind in ("Cc", "Cf", "Cs")
            or marks > MARKS_LIMIT
            or (marks and not coded and _plain(shown))
        ):
            continue
        known = fonts.with_glyph(character) is not None
        if not known:
            shown.append(f"{' ' if shown and shown[-1] != ' ' else ''}U+{ord(character):04X}")
        else:
            shown.append(f" {character}" if coded and character != " " else character)
        coded = not known
    return "".join(shown)


def _plain(shown: list[str]) -> bool:
    """Whether what a mark belongs to is in DejaVu Sans, where marks that are not part of a letter lie beside it."""
    return not shown or fonts.with_glyph(shown[-1][-1]) == fonts.dejavu()


def _fitting(text: str, width: float, size: int, bold: bool) -> int:
    """How many of the first characters fit into `width` pixels."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if text_width(text[:middle], size, bold) <= width else (low, middle - 1)
        )
    return low


def text_width(text: str, size: int, bold: bool) -> float:
    """Pixels that `text` takes at `size` pixels."""
    return sum(fonts.sized(path, size).getlength(part) for path, part in _runs(text, bold))


def draw(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, ink: str, size: int, bold: bool
) -> None:
    """Write one line with its upper left corner `at`, each part of it in a font that has its characters."""
    x, y = at
    baseline = y + fonts.sized(fonts.dejavu(bold), size).getmetrics()[0]
    for path, part in _runs(text, bold):
        font = fonts.sized(path, size)
        pen.text((x, baseline), part, ink, font, anchor="ls")
        x += font.getlength(part)


def _runs(text: str, bold: bool) -> Iterator[tuple[Path, str]]:
    """(font, part) of a text; blanks and marks stay with what is before them."""
    plain = fonts.glyphs(fonts.dejavu())
    usual = fonts.dejavu(bold)
    if all(ord(character) in plain for character in text):  # nearly always
        yield usual, text
        return
    path, part = usual, ""
    for character in text:
        joins = character == " " or unicodedata.category(character) in ("Mn", "Me")
        own = path if joins else fonts.with_glyph(character) or usual
        own = usual if own == fonts.dejavu() else own
        if own != path and part:
            yield path, part
            part = ""
        path = own
        part += character
    if part:
        yield path, part


def line_height(size: int) -> int:
    """Pixels from one line of text to the next."""
    return round(size * 1.3)
