"""The columns of a table that hold numbers: metrics and times."""

from __future__ import annotations

import pandas as pd

from ..errors import InvalidInput
from ..runs.results import MEASURED
from ..spec.drift_requests import LABEL
from ..spec.table_columns import FIXED

# what a picture cost: preferably its share of forwards that it was computed in with others
TIMES = ("device_seconds", "seconds")


def metrics_of(table: pd.DataFrame) -> list[str]:
    """The metrics that have values: adherence, then those that were asked for, then the others."""
    others = {*FIXED, *(table.attrs.get("axes") or ())}
    names = [str(name) for name in table.columns if name not in others]
    metrics = [name for name in names if _has_numbers(table[name])]
    asked_for = metrics_asked_for(table)
    return sorted(metrics, key=lambda name: (name != "adherence", name not in asked_for))


def metrics_asked_for(table: pd.DataFrame) -> set[str]:
    """The user's own metrics, and distances from the plain pictures of a sweep of faster ways to draw."""
    distances = {str(name) for name in table.columns if str(name).endswith(f".{LABEL}")}
    return distances | set(table.attrs.get(MEASURED) or {})


def numbers(table: pd.DataFrame, metric: str) -> pd.Series:
    """A metric's column as floats, NaN for gaps; raises InvalidInput for an unknown metric."""
    if metric not in table.columns:
        known = ", ".join(metrics_of(table)) or "(no metrics in this table)"
        raise InvalidInput("metric", metric, f"one of {known}")
    return pd.to_numeric(table[metric], errors="coerce").astype(float)


def seconds_column(table: pd.DataFrame) -> str | None:
    """The column that says what a picture cost; None if no time was measured."""
    for name in TIMES:
        if name in table and table[name].notna().any():
            return name
    return None


def _has_numbers(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and bool(column.notna().any())
