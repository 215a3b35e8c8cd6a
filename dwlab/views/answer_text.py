"""An answer for a terminal: in words, then the settings ranked."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from .._util.terminal_text import one_line, shortened

if TYPE_CHECKING:
    from .report.answer import Answer, RankedRow

ROWS = 20
SETTING = 60  # characters, in a wide terminal
SHORTEST = 30
BESIDE = 36  # columns of a terminal for the mean, how far it is behind, and the interval
HEAD = ("setting", "mean", "behind", "95% interval", "rows", "seconds", "verdict")
NUMBERS = (1, 2, 3, 4, 5)  # columns that are aligned to the right


def sentences(words: Answer, width: int) -> str:
    """The answer in lines of at most `width` characters, with an empty line between sentences."""
    return "\n\n".join(textwrap.fill(one_line(text), width) for text in words.sentences)


def ranking(words: Answer, width: int) -> list[list[str]]:
    """The first settings, as rows below HEAD, which has its first columns in `width` characters."""
    most = max(SHORTEST, min(SETTING, width - BESIDE))
    return [_cells(row, most) for row in words.rows[:ROWS]]


def left_out(words: Answer) -> str:
    """How many settings are not among these; empty if all are."""
    more = max(0, len(words.rows) - ROWS) + words.left_out
    return f"{more:,} more settings are further behind" if more else ""


def _cells(row: RankedRow, most: int) -> list[str]:
    setting = shortened(row.setting, most)
    return [setting, row.mean, row.behind, row.interval, row.rows, row.seconds, row.verdict]
