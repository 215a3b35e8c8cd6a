"""Text that anybody may have written, for a terminal."""

from __future__ import annotations


def one_line(text: str) -> str:
    """The text on one line, without characters that a terminal would act on."""
    line = " ".join(text.split())
    return "".join(character for character in line if character.isprintable())


def shortened(text: str, most: int) -> str:
    """The same in at most `most` characters, with dots if it is cut."""
    line = one_line(text)
    return line if len(line) <= most else f"{line[: most - 3]}..."
