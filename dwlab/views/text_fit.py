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
MARKS = ("Mn", "Me")
INVISIBLE = ("Cc", "Cf", "Cs")  # control and direction characters, lone surrogates


def fit(text: str, width: float, lines: int, size: int, bold: bool = False) -> tuple[str, ...]:
    """`text` in at most `lines` lines of `width` pixels, with an ellipsis if it is cut."""
    words = printable(text).split(" ")
    wrapped: list[str] = []
    while words and len(wrapped) < lines:
        count = _fitting_words(words, width, size, bold)
        line = " ".join(words[:count])
        words = words[count:]
        kept = _fitting(line, width, size, bold)
        if kept < len(line):
            # one word that is wider than the line is broken
            words.insert(0, line[max(1, kept) :])
            line = line[:kept]
        wrapped.append(line)
    if words and wrapped:
        wrapped[-1] = _cut(f"{wrapped[-1]} {words[0]}", width, size, bold)
    return tuple(wrapped)


def fit_all(texts: Sequence[str], width: float, lines: int, size: int) -> list[tuple[str, ...]]:
    """Like `fit`, for labels beside each other: texts that would look alike get a number first."""
    fitted = [fit(text, width, lines, size) for text in texts]
    texts_of: dict[tuple[str, ...], set[str]] = {}
    for text, shown in zip(texts, fitted, strict=True):
        texts_of.setdefault(shown, set()).add(text)
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts), 1)}
    for position, text in enumerate(texts):
        if len(texts_of[fitted[position]]) > 1:
            fitted[position] = fit(f"#{numbers[text]} {text}", width, lines, size)
    return fitted


def printable(text: str) -> str:
    """`text` on one line, without control or direction characters.

    A character that no font here has is shown as its code, `U+661F`.
    """
    spaced = " ".join(unicodedata.normalize("NFC", text[:TEXT_LIMIT]).split())
    shown: list[str] = []
    marks = 0
    after_code = False
    for character in spaced:
        category = unicodedata.category(character)
        is_mark = category in MARKS
        marks = marks + 1 if is_mark else 0
        if category in INVISIBLE or marks > MARKS_LIMIT:
            continue
        if is_mark and not after_code and _in_dejavu(shown):
            continue
        is_code = fonts.with_glyph(character) is None
        # blanks set a code apart from what is beside it
        is_apart = character == " " or not shown or shown[-1] == " "
        if (is_code or after_code) and not is_apart:
            shown.append(" ")
        shown.append(f"U+{ord(character):04X}" if is_code else character)
        after_code = is_code
    return "".join(shown)


def _in_dejavu(shown: list[str]) -> bool:
    """Whether a mark belongs to a character of DejaVu Sans, which would draw it beside."""
    return not shown or fonts.with_glyph(shown[-1][-1]) == fonts.dejavu()


def _fitting_words(words: list[str], width: float, size: int, bold: bool) -> int:
    """How many of the first words fit into `width` pixels, at least one."""
    count = 1
    while count < len(words):
        if text_width(" ".join(words[: count + 1]), size, bold) > width:
            break
        count += 1
    return count


def _fitting(text: str, width: float, size: int, bold: bool) -> int:
    """How many of the first characters fit into `width` pixels."""
    low = 0
    high = len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(text[:middle], size, bold) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def _cut(line: str, width: float, size: int, bold: bool) -> str:
    """The line, cut so that an ellipsis fits too; empty if not even that fits."""
    room = width - text_width("…", size, bold)
    shown = line[: _fitting(line, room, size, bold)].rstrip() + "…"
    return shown if text_width(shown, size, bold) <= width else ""


def text_width(text: str, size: int, bold: bool) -> float:
    """Pixels that `text` takes at `size` pixels."""
    return sum(fonts.sized(path, size).getlength(part) for path, part in _runs(text, bold))


def draw(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, ink: str, size: int, bold: bool
) -> None:
    """Write one line, its upper left corner `at`, each part in a font that has its characters."""
    x, y = at
    baseline = y + fonts.sized(fonts.dejavu(bold), size).getmetrics()[0]
    for path, part in _runs(text, bold):
        font = fonts.sized(path, size)
        pen.text((x, baseline), part, ink, font, anchor="ls")
        x += font.getlength(part)


def _runs(text: str, bold: bool) -> Iterator[tuple[Path, str]]:
    """The parts of a text with their fonts; blanks and marks stay with what is before them."""
    plain = fonts.glyphs(fonts.dejavu())
    usual = fonts.dejavu(bold)
    # nearly always
    if all(ord(character) in plain for character in text):
        yield usual, text
        return
    path = usual
    part = ""
    for character in text:
        font = path if _joins(character) else fonts.with_glyph(character)
        if font is None or font == fonts.dejavu():
            font = usual
        if font != path and part:
            yield path, part
            part = ""
        path = font
        part += character
    if part:
        yield path, part


def _joins(character: str) -> bool:
    """Whether a character is drawn in the font of the one before it."""
    return character == " " or unicodedata.category(character) in MARKS


def line_height(size: int) -> int:
    """Pixels from one line of text to the next."""
    return round(size * 1.3)
