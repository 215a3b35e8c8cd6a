"""The report's section about acceleration: what it saves, and how far it takes pictures from plain ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis.drift import drift, has_drift
from ...analysis.drift_words import (
    difference_title,
    distance_title,
    is_similarity,
    saved,
    sentences,
)
from ...errors import InvalidInput
from .numbers_shown import short

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from ...analysis.drift import Drift, Drifted

ROWS = 60  # settings in the table


@dataclass(frozen=True)
class DriftRow:
    """A setting: what it costs, and its measures in the order of the section's columns, as text."""

    setting: str
    rows: str
    seconds: str
    saved: str
    measures: tuple[str, ...]


@dataclass(frozen=True)
class DriftSection:
    """Settings beside the plain one.

    columns: of measures. left_out: settings that are not in `rows`. sentences: what stands out.
    """

    plain: DriftRow
    columns: tuple[str, ...]
    rows: list[DriftRow]
    left_out: int
    target: str
    sentences: list[str]


def drift_section(table: pd.DataFrame) -> DriftSection | None:
    """The section of a sweep with an axis of accelerators; None without plain pictures in pairs."""
    if not has_drift(table):
        return None
    try:
        found = drift(table)
    # the plain pictures failed, or were not reached
    except InvalidInput:
        return None
    columns = (
        *(distance_title(table, name) for name in found.distances),
        *(difference_title(table, name) for name in found.differences),
    )
    nothing = ("",) * len(columns)
    plain = DriftRow(found.plain, _rows(found.rows), short(found.seconds), "", nothing)
    alike = {name for name in found.distances if is_similarity(table, name)}
    rows = [_row(found, each, alike) for each in found.settings]
    left_out = max(0, len(rows) - ROWS)
    told = sentences(table, found)
    return DriftSection(plain, columns, rows[:ROWS], left_out, found.target, told)


def _row(found: Drift, drifted: Drifted, alike: Collection[str]) -> DriftRow:
    """alike: the measures that are higher the more alike pictures are."""
    measures = []
    for name in found.distances:
        mean = drifted.distances.get(name)
        if mean is None:
            measures.append("–")
        else:
            measures.append(mean.as_similarity() if name in alike else mean.as_distance())
    for name in found.differences:
        mean = drifted.differences.get(name)
        measures.append("–" if mean is None else mean.as_difference())
    return DriftRow(
        setting=drifted.setting,
        rows=_rows(drifted.rows),
        seconds=short(drifted.seconds),
        saved=saved(found, drifted),
        measures=tuple(measures),
    )


def _rows(rows: float) -> str:
    return "–" if math.isnan(rows) else f"{rows:,.1f}".removesuffix(".0")
