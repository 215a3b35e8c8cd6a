"""The report's section about acceleration: what it saves, and how far it takes pictures from plain ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis.drift import drift, has_drift
from ...errors import InvalidInput
from .numbers_shown import short

if TYPE_CHECKING:
    import pandas as pd

    from ...analysis.drift import Drift, Drifted

ROWS = 60  # settings in the table


@dataclass(frozen=True)
class DriftRow:
    """A setting: what it costs, and its measures in the order of the section's columns, as text."""

    setting: str
    rows: str
    seconds: str
    measures: tuple[str, ...]


@dataclass(frozen=True)
class DriftSection:
    """Settings beside the plain one. columns: of measures. left_out: settings that are not in `rows`."""

    plain: DriftRow
    columns: tuple[str, ...]
    rows: list[DriftRow]
    left_out: int
    target: str


def drift_section(table: pd.DataFrame) -> DriftSection | None:
    """The section of a sweep with an axis of accelerators; None without plain pictures in pairs."""
    if not has_drift(table):
        return None
    try:
        found = drift(table)
    # the plain pictures failed, or were not reached
    except InvalidInput:
        return None
    columns = (*found.distances, *(f"{name}, minus the plain" for name in found.differences))
    plain = DriftRow(found.plain, short(found.rows), short(found.seconds), ("",) * len(columns))
    rows = [_row(found, each) for each in found.settings]
    return DriftSection(plain, columns, rows[:ROWS], max(0, len(rows) - ROWS), found.target)


def _row(found: Drift, drifted: Drifted) -> DriftRow:
    distances = [
        drifted.distances[name].as_distance() if name in drifted.distances else "–"
        for name in found.distances
    ]
    differences = [
        drifted.differences[name].as_difference() if name in drifted.differences else "–"
        for name in found.differences
    ]
    return DriftRow(
        setting=drifted.setting,
        rows="–" if math.isnan(drifted.rows) else f"{drifted.rows:,.1f}",
        seconds=short(drifted.seconds),
        measures=(*distances, *differences),
    )
