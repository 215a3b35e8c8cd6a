"""What a table says in columns that it may lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def statuses(table: pd.DataFrame) -> list[str]:
    """Each row's status; `ok` if the table has none."""
    if "status" not in table:
        return ["ok"] * len(table)
    # a list first: a column gives its texts one by one much more slowly
    return [str(status) for status in table["status"].tolist()]


def failed_cells(table: pd.DataFrame) -> int:
    """How many rows have no picture because their cell failed."""
    return int((table["status"] != "ok").sum()) if "status" in table else 0


def distinct(table: pd.DataFrame, column: str) -> list[str]:
    """The values of a column as texts, each once, in the order of the rows; gaps are left out."""
    if column not in table:
        return []
    return [str(value) for value in table[column].dropna().unique()]
