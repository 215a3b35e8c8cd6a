"""Fonts: DejaVu Sans, which matplotlib brings along everywhere, and this machine's own for the scripts that it lacks."""

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

    return (
        Path(mpl.get_data_path())
        / "fonts"
        / "ttf"
        / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
    )


def with_glyph(character: str) -> Path | None:
    """The font that a character is drawn in: DejaVu Sans, else the first of this machine that has it; None for none."""
    return dejavu() if ord(character) in glyphs(dejavu()) else _of_this_machine(character)


@cache
def glyphs(path: Path) -> frozenset[int]:
    """The code points that a font has; none for a file that is no font which can be drawn at any size."""
    from matplotlib.ft2font import FT2Font

    try:
        sized(path, 12)  # fails for the bitmaps of coloured emoji
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

    paths = sorted(Path(found) for found in findSystemFonts())
    return tuple(sorted(paths, key=lambda path: not path.stem.lower().endswith(("regular", "vf"))))


@cache
def _of_this_machine(character: str) -> Path | None:
    return next((path for path in of_this_machine() if ord(character) in glyphs(path)), None)


@cache
def family(path: Path) -> str:
    """The name under which matplotlib finds a font."""
    from matplotlib.font_manager import fontManager
    from matplotlib.ft2font import FT2Font

    fontManager.addfont(str(path))
    return FT2Font(str(path)).family_name


def families(text: str) -> list[str]:
    """The fonts that matplotlib needs for a text, in the order in which it should try them."""
    paths = [dejavu(), *(path for path in map(with_glyph, sorted(set(text))) if path)]
    return list(dict.fromkeys(map(family, paths)))
