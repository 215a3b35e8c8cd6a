"""An answer for a terminal: in words, then the settings ranked."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from .._util.terminal_text import one_line, shortened
from .._util.text_table import text_table

if TYPE_CHECKING:
    from .report.answer import Answer, RankedRow

ROWS = 20
SETTING = 60  # characters
HEAD = ("setting", "mean", "behind", "95% interval", "rows", "seconds", "verdict")
NUMBERS = (1, 2, 3, 4, 5)  # columns that are aligned to the right


def answer_text(words: Answer, width: int) -> str:
    """The sentences in lines of at most `width` characters, and the first settings below them."""
    paragraphs = [textwrap.fill(one_line(text), width) for text in words.sentences]
    rows = [_cells(row) for row in words.rows[:ROWS]]
    left_out = len(words.rows) + words.left_out - len(rows)
    paragraphs.append(text_table(rows, HEAD, numbers=NUMBERS))
    if left_out:
        paragraphs[-1] += f"\n{left_out:,} more settings are further behind"
    return "\n\n".join(paragraphs)


def _cells(row: RankedRow) -> list[str]:
    setting = shortened(row.setting, SETTING)
    return [setting, row.mean, row.behind, row.interval, row.rows, row.seconds, row.verdict]
