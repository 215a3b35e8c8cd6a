"""The rows of cells: one per key, with the outcome of computing it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from .._util.timestamp import now
from ..spec.inputs import stored_paths
from . import measurements

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from .database import StoreFile

_WRITE = """
    INSERT INTO cells (
        key, params, weights, dtype, device, status, error, image, pixels, bytes,
        seconds, device_seconds, load_seconds, created, versions, mode
    ) VALUES (
        :key, :params, :weights, :dtype, :device, :status, :error, :image, :pixels, :bytes,
        :seconds, :device_seconds, :load_seconds, :created, :versions, :mode
    )
    ON CONFLICT (key) DO UPDATE SET
        params = excluded.params,
        weights = excluded.weights,
        dtype = excluded.dtype,
        device = excluded.device,
        status = excluded.status,
        error = excluded.error,
        image = excluded.image,
        pixels = excluded.pixels,
        bytes = excluded.bytes,
        seconds = excluded.seconds,
        device_seconds = excluded.device_seconds,
        load_seconds = excluded.load_seconds,
        created = excluded.created,
        versions = excluded.versions,
        mode = excluded.mode
    WHERE cells.status != 'ok' OR gone(cells.image, cells.bytes)
"""
_WRITE_ATTEMPT = """
    INSERT INTO attempts (key, experiment, status, error, traceback, created)
    VALUES (:key, :experiment, :status, :error, :traceback, :created)
"""
_STATUSES = """
    SELECT cells.key, cells.status, cells.image, cells.bytes
    FROM json_each(:keys) JOIN cells ON cells.key = json_each.value
"""
# a picture's stars; marks that were taken back are 0
STARS = """
    (SELECT NULLIF(value, 0) FROM marks WHERE marks.key = cells.key AND mark = 'stars')
"""
_ALL_ROWS = f"""
    SELECT cells.*, {STARS} AS stars, NULL AS experiment, '{{}}' AS axes
    FROM cells
    ORDER BY created, key
"""
_EXPERIMENT_ROWS = f"""
    SELECT cells.*, {STARS} AS stars, membership.experiment, membership.axes
    FROM membership JOIN cells USING (key)
    WHERE membership.experiment = :experiment
    ORDER BY membership.position
"""
_ALL_METRICS = "SELECT key, metric, value FROM metrics"
_EXPERIMENT_METRICS = f"""
    {_ALL_METRICS}
    WHERE key IN (SELECT key FROM membership WHERE experiment = :experiment)
    UNION ALL
    {measurements.COLUMNS}
"""
_ALL_PICTURES = "SELECT DISTINCT image, bytes FROM cells WHERE status = 'ok'"
_EXPERIMENT_PICTURES = f"""
    {_ALL_PICTURES}
    AND key IN (SELECT key FROM membership WHERE experiment = :experiment)
"""
_ALL_INPUTS = "SELECT params FROM cells WHERE params LIKE '%\"sha256:%'"
_EXPERIMENT_INPUTS = f"""
    {_ALL_INPUTS}
    AND key IN (SELECT key FROM membership WHERE experiment = :experiment)
"""
_FINISHED = """
    SELECT cells.key, cells.image
    FROM json_each(:keys) JOIN cells ON cells.key = json_each.value
    WHERE cells.status = 'ok'
"""
_RECORD = """
    SELECT device, dtype, mode, versions, created, pixels
    FROM cells
    WHERE key = :key AND status = 'ok'
"""
_TIMINGS = """
    SELECT params, device_seconds, bytes, versions
    FROM cells
    WHERE weights = :weights
        AND dtype = :dtype
        AND device = :device
        AND status = 'ok'
        AND device_seconds IS NOT NULL
    ORDER BY created DESC
    LIMIT :limit
"""


@dataclass(frozen=True)
class CellRow:
    """The outcome of one cell, as it is stored.

    params, versions: JSON texts. status: ok, failed or oom. image: the path of the picture,
    relative to the results folder. pixels: their hash. bytes: of the picture's file.
    mode: close, or exact with its rows.
    """

    key: str
    params: str
    weights: str
    dtype: str
    device: str | None
    status: str
    error: str | None = None
    image: str | None = None
    pixels: str | None = None
    bytes: int | None = None
    seconds: float | None = None
    device_seconds: float | None = None
    load_seconds: float | None = None
    created: str = field(default_factory=now)
    versions: str = "{}"
    mode: str = "close"


class Timing(NamedTuple):
    """How long a picture took on its device, and how large its file is. params, versions: JSON."""

    params: str
    device_seconds: float
    bytes: int
    versions: str


class Cells:
    """Reads the rows of cells."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def rows(self, experiment: str | None = None) -> list[dict[str, Any]]:
        """The cells of an experiment in its order, or all by time; each with its metrics.

        A cell that was planned but has no outcome yet is left out.
        """
        if experiment is None:
            rows = self._file.query(_ALL_ROWS)
        else:
            rows = self._file.query(_EXPERIMENT_ROWS, experiment=experiment)
        metrics = self._metrics(experiment)
        columns = rows[0].keys() if rows else []
        # zip: a dict of a Row looks up each column by name, which takes longer
        cells = [dict(zip(columns, row, strict=True)) for row in rows]
        for cell in cells:
            cell["metrics"] = metrics.get(cell["key"], {})
        return cells

    def _metrics(self, experiment: str | None) -> dict[str, dict[str, Any]]:
        """The value of each metric by name, by key."""
        if experiment is None:
            rows = self._file.tuples(_ALL_METRICS)
        else:
            rows = self._file.tuples(_EXPERIMENT_METRICS, experiment=experiment)
        metrics: dict[str, dict[str, Any]] = {}
        for key, metric, value in rows:
            metrics.setdefault(key, {})[metric] = value
        return metrics

    def statuses(self, keys: Iterable[str]) -> dict[str, str]:
        """The status of each of `keys` that has a row.

        A finished cell whose picture is gone counts as if it had no row. A picture is gone if there
        is no file of the size that was written.
        """
        rows = self._file.tuples(_STATUSES, keys=json.dumps(list(keys)))
        return {
            key: status
            for key, status, image, size in rows
            if status != "ok" or self._file.has_picture(image, size)
        }

    def pictures(self, experiment: str | None = None) -> dict[str, int | None]:
        """The size in bytes of each picture of an experiment, or of all, by path."""
        if experiment is None:
            return dict(self._file.tuples(_ALL_PICTURES))
        return dict(self._file.tuples(_EXPERIMENT_PICTURES, experiment=experiment))

    def inputs(self, experiment: str | None = None) -> list[str]:
        """The paths of the pictures that cells of an experiment, or all, start from; each once."""
        if experiment is None:
            rows = self._file.query(_ALL_INPUTS)
        else:
            rows = self._file.query(_EXPERIMENT_INPUTS, experiment=experiment)
        paths: dict[str, None] = {}
        for row in rows:
            paths |= dict.fromkeys(stored_paths(json.loads(row["params"])))
        return list(paths)

    def finished(self, keys: Sequence[str]) -> dict[str, str]:
        """The path of the picture of each of `keys` that is finished, by key."""
        return dict(self._file.tuples(_FINISHED, keys=json.dumps(keys)))

    def record(self, key: str) -> dict[str, Any] | None:
        """How the finished cell of a key was made; None if there is none.

        With `device`, `dtype`, `mode`, `versions` (JSON), `created` and `pixels`.
        """
        rows = self._file.query(_RECORD, key=key)
        return dict(rows[0]) if rows else None

    def timings(self, weights: str, dtype: str, device: str, limit: int = 500) -> list[Timing]:
        """How long the latest pictures took that these weights made on this device."""
        rows = self._file.tuples(_TIMINGS, weights=weights, dtype=dtype, device=device, limit=limit)
        return [Timing._make(row) for row in rows]


def write_row(
    sql: sqlite3.Connection,
    row: CellRow,
    experiment: str | None = None,
    traceback: str | None = None,
) -> None:
    """Write an outcome within a transaction, and note the attempt.

    traceback: where the user's own code failed.

    The row of a finished cell is overwritten only if its picture is gone.
    """
    sql.execute(_WRITE, vars(row))
    sql.execute(_WRITE_ATTEMPT, {**vars(row), "experiment": experiment, "traceback": traceback})
