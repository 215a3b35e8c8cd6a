"""Fonts: DejaVu Sans, which comes with matplotlib, and this machine's own for other scripts."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from PIL import ImageFont

log = logging.getLogger(__name__)


@cache
def dejavu(bold: bool = False) -> Path:
    """The file of DejaVu Sans."""
    import matplotlib as mpl

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return Path(mpl.get_data_path(), "fonts", "ttf", name)


def with_glyph(character: str) -> Path | None:
    """The font that a character is drawn in; None if no font has it.

    It is DejaVu Sans, or the first font of this machine that has the character.
    """
    if ord(character) in glyphs(dejavu()):
        return dejavu()
    return _of_this_machine(character)


@cache
def glyphs(path: Path) -> frozenset[int]:
    """The code points that a font has; none for a file that is not a font of any size."""
    from matplotlib.ft2font import FT2Font

    try:
        # fails for the bitmaps of coloured emoji
        sized(path, 12)
        return frozenset(FT2Font(str(path)).get_charmap())
    except (OSError, RuntimeError, ValueError) as error:
        log.debug("%s is left out: %s", path, error)
        return frozenset()


@cache
def sized(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """A font of `size` pixels."""
    return ImageFont.truetype(str(path), size)


@cache
def of_this_machine() -> tuple[Path, ...]:
    """The font files that are installed, upright and of usual weight first."""
    from matplotlib.font_manager import findSystemFonts

    paths = sorted(Path(path) for path in findSystemFonts())
    return tuple(sorted(paths, key=_is_unusual))


def _is_unusual(path: Path) -> bool:
    """Whether a font is bold, italic or the like, by its name."""
    return not path.stem.lower().endswith(("regular", "vf"))


@cache
def _of_this_machine(character: str) -> Path | None:
    for path in of_this_machine():
        if ord(character) in glyphs(path):
            return path
    return None


@cache
def family(path: Path) -> str:
    """The name under which matplotlib finds a font."""
    from matplotlib.font_manager import fontManager
    from matplotlib.ft2font import FT2Font

    fontManager.addfont(str(path))
    return FT2Font(str(path)).family_name


def families(text: str) -> list[str]:
    """The fonts that matplotlib needs for a text, in the order in which it should try them."""
    paths = [dejavu()]
    for character in sorted(set(text)):
        path = with_glyph(character)
        if path is not None:
            paths.append(path)
    return list(dict.fromkeys(family(path) for path in paths))
