"""What a search knows of cells: their outcome, their value of a metric, and whose pictures they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .database import StoreFile

_CELLS = """
    SELECT
        cells.key, cells.status, cells.image, cells.bytes, cells.device_seconds,
        COALESCE(
            (
                SELECT value FROM measurements
                WHERE measurements.experiment = :experiment
                    AND measurements.metric = :metric
                    AND measurements.key = cells.key
            ),
            (SELECT value FROM metrics WHERE metrics.key = cells.key AND metric = :metric)
        )
    FROM json_each(:keys) JOIN cells ON cells.key = json_each.value
"""
_MADE_BY = "SELECT DISTINCT key FROM attempts WHERE experiment = :experiment AND status = 'ok'"


class SearchedCell(NamedTuple):
    """A cell that has an outcome.

    is_ok: whether its picture is there. is_own: whether the experiment made it, not another one.
    value: of the metric, None without one. seconds: on the device.
    """

    is_ok: bool
    is_own: bool
    value: float | None
    seconds: float


def searched_cells(
    file: StoreFile, experiment: str, metric: str, keys: Iterable[str]
) -> dict[str, SearchedCell]:
    """Those of some cells that have an outcome, by key."""
    own = {key for (key,) in file.tuples(_MADE_BY, experiment=experiment)}
    rows = file.tuples(_CELLS, experiment=experiment, metric=metric, keys=json.dumps(list(keys)))
    cells = {}
    for key, status, image, size, seconds, value in rows:
        cells[key] = SearchedCell(
            is_ok=status == "ok" and file.has_picture(image, size),
            is_own=key in own,
            value=float(value) if isinstance(value, int | float) else None,
            seconds=seconds or 0.0,
        )
    return cells
