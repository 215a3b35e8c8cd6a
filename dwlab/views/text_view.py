"""A table as text for a terminal: what was swept, what was measured, and how long it took."""

from __future__ import annotations

import textwrap
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.terminal_text import shortened
from .._util.text_table import text_table
from ..analysis.axes import varying
from ..analysis.labels import label
from ..analysis.metric_columns import metrics_of, seconds_column
from ..analysis.optional_columns import failed_cells
from ..analysis.selection import CHOSEN
from ..runs.first_rows import WHOLE, Whole
from ..runs.table import TRACES
from ..spec.table_columns import WORKER

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

ROWS = 1_000
TEXT_LIMIT = 40  # characters of a value
# of the width that a value may take, so that metrics stand beside long prompts
PART = 0.3
# columns that are shown only if they are named
UNSEEN = ("key", "experiment", "device", "image", "created", "versions", "pixels")
# what tells of a user's own code, if some cell has any
METHODS = ("method", "method_code")
GAP = 2  # spaces between columns


@dataclass(frozen=True)
class TextView:
    """The first rows of a table as texts, and what is left out. numbers: columns of numbers."""

    head: list[str]
    rows: list[tuple[str, ...]]
    numbers: list[int]
    notes: list[str]


def text_view(table: pd.DataFrame, width: int) -> str:
    """The first rows of a table in lines of at most `width` characters, see `view_of`."""
    view = view_of(table, width)
    lines = [text_table(view.rows, view.head, numbers=view.numbers), *view.notes]
    return "\n".join(lines) + "\n"


def view_of(table: pd.DataFrame, width: int, most: int = ROWS) -> TextView:
    """The first rows of a table, at most `most`, for lines of at most `width` characters.

    Swept axes, whether cells failed, metrics and seconds; columns that do not fit are named below,
    and so is how many rows are left out.
    """
    whole: Whole = table.attrs.get(WHOLE) or Whole(len(table), failed_cells(table))
    columns = _columns(table, whole)
    limit = round(PART * width)
    if limit < TEXT_LIMIT:
        for name, texts in columns.items():
            columns[name] = [shortened(text, limit) for text in texts]
    shown = _that_fit(columns, width)
    rows = list(zip(*shown.values(), strict=True))[:most]
    lines = []
    left_out = [name for name in columns if name not in shown]
    if left_out:
        lines.append(textwrap.fill(f"more columns: {', '.join(left_out)}", width))
    if whole.rows > most:
        lines.append(f"{whole.rows - most:,} more rows")
    traces = table.attrs.get(TRACES)
    if traces and not table.attrs.get(CHOSEN):
        lines.append(
            textwrap.fill(f"kept of each step: {', '.join(traces)} (--traces NAME)", width)
        )
    if left_out or whole.rows > most:
        lines.append("--format csv, json or parquet has all")
    return TextView(list(shown), rows, _number_columns(table, shown), lines)


def _columns(table: pd.DataFrame, whole: Whole) -> dict[str, list[str]]:
    """The columns that may be shown, as texts, by their heads."""
    columns: dict[str, list[str]] = {}
    if table.attrs.get(CHOSEN):
        return {str(name): _texts(table, str(name)) for name in table.columns}
    for axis in varying(table, whole.varying):
        columns[axis.name] = [_short(axis.label(value)) for value in axis.column[:ROWS]]
    for name in METHODS:
        if name in table:
            columns.setdefault(name, _texts(table, name))
    if not columns and "prompt" in table:
        columns["prompt"] = _texts(table, "prompt")
    names = ["status", "error"] if whole.failed else []
    first, *others = metrics_of(table) or [""]
    # the first metric and the time fit beside most axes
    names += [first, seconds_column(table) or "", *others]
    if WORKER in table:
        names.append(WORKER)
    for name in filter(None, names):
        columns.setdefault(name, _texts(table, name))
    return columns


def _texts(table: pd.DataFrame, name: str) -> list[str]:
    return [_number_or_text(value) for value in table[name][:ROWS]]


def _number_or_text(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}"  # noqa: PLR0124  # NaN
    return "" if value is None else _short(label(value))


def _short(text: str) -> str:
    return shortened(text, TEXT_LIMIT)


def _that_fit(columns: dict[str, list[str]], width: int) -> dict[str, list[str]]:
    """The first columns that fit side by side, but at least one."""
    shown: dict[str, list[str]] = {}
    used = 0
    for name, texts in columns.items():
        # tabulate makes a column a little wider than its head
        column = max(_width(name) + GAP, *map(_width, texts))
        used += column + (GAP if shown else 0)
        if shown and used > width:
            break
        shown[name] = texts
    return shown


def _width(text: str) -> int:
    """The columns of a terminal that a text takes: Chinese characters and the like take two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def _number_columns(table: pd.DataFrame, shown: Iterable[str]) -> list[int]:
    """The positions of columns that hold numbers."""
    from pandas.api.types import is_numeric_dtype

    return [
        position
        for position, name in enumerate(shown)
        if name in table and is_numeric_dtype(table[name])
    ]
