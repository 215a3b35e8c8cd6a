"""What stands out in a table, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..pictures.cut_prompts import cut_note
from ..pictures.not_finite import nan_warning
from .identical import identical_along
from .metric_columns import numbers
from .unmeasured import unmeasured

if TYPE_CHECKING:
    import pandas as pd


def findings_of(table: pd.DataFrame) -> list[str]:
    """What readers should know before they believe the table.

    Broken and blank pictures, prompts that were cut, values that changed nothing, and metrics that
    some pictures lack.
    """
    return [
        *_not_finite(table),
        *_cut(table),
        *identical_along(table),
        *_blank(table),
        *unmeasured(table),
    ]


def _not_finite(table: pd.DataFrame) -> list[str]:
    if "nan" not in table:
        return []
    shares = numbers(table, "nan").dropna()
    warning = nan_warning(list(shares), len(table))
    return [f"{warning} (column nan)"] if warning else []


def _cut(table: pd.DataFrame) -> list[str]:
    if "cut" not in table:
        return []
    note = cut_note(list(table["cut"].dropna()))
    return [f"{note} (column cut)"] if note else []


def _blank(table: pd.DataFrame) -> list[str]:
    if "blank" not in table:
        return []
    count = int((numbers(table, "blank") > 0).sum())
    if not count:
        return []
    subject = "1 picture is" if count == 1 else f"{count:,} pictures are"
    return [f"{subject} of a single colour (column blank)"]
