"""Tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def text_table(
    rows: Iterable[Sequence[str]], head: Sequence[str] = (), *, numbers: Iterable[int] = ()
) -> str:
    """Texts in aligned columns, one line per row. numbers: columns that are aligned to the right."""
    from tabulate import tabulate

    lines = list(rows)
    columns = len(head) or max((len(line) for line in lines), default=0)
    right = set(numbers)
    alignment = ["right" if column in right else "left" for column in range(columns)]
    return str(
        tabulate(lines, head, tablefmt="plain", disable_numparse=True, colalign=alignment or None)
    )
