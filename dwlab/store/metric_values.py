"""What was measured of pictures, as it is stored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence

    from .database import StoreFile

    # name -> (version of the metric, value)
    Metrics = Mapping[str, tuple[int, object]]

_WRITE = """
    INSERT OR REPLACE INTO metrics (key, metric, version, value)
    VALUES (:key, :metric, :version, :value)
"""
_PICTURES = """
    SELECT
        cells.key,
        cells.image,
        json_extract(cells.params, '$.prompt') AS prompt,
        json_extract(cells.params, '$.model') AS model,
        (SELECT group_concat(metric, ' ') FROM metrics WHERE metrics.key = cells.key) AS metrics
    FROM membership JOIN cells USING (key)
    WHERE membership.experiment = :experiment
        AND cells.status = 'ok'
"""
_LACKING = f"""
    {_PICTURES}
        AND json_array_length(:names) > (
            SELECT COUNT(*)
            FROM metrics
            WHERE metrics.key = cells.key
                AND metric IN (SELECT value FROM json_each(:names))
        )
"""
_NAN_SHARES = """
    SELECT value
    FROM metrics JOIN cells USING (key)
    WHERE metric = 'nan'
        AND value > 0
        AND status = 'ok'
"""
_NAN_SHARES_OF_KEYS = f"""
    {_NAN_SHARES}
        AND key IN (SELECT value FROM json_each(:keys))
"""
_NAN_SHARES_OF_EXPERIMENT = f"""
    {_NAN_SHARES}
        AND key IN (SELECT key FROM membership WHERE experiment = :experiment)
"""


@dataclass(frozen=True)
class MeasuredPicture:
    """A finished picture, with the names of the metrics that it has.

    image: its path, relative to the results folder.
    """

    key: str
    image: str
    prompt: str
    model: str
    metrics: frozenset[str]


class MetricValues:
    """Reads and writes the metrics of finished cells."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def set(self, metrics: Mapping[str, Metrics]) -> None:
        """Store metrics of several cells, by key."""
        with self._file.transaction() as sql:
            for key, values in metrics.items():
                write_metrics(sql, key, values)

    def pictures(self, experiment: str) -> list[MeasuredPicture]:
        """The finished pictures of an experiment."""
        return [_picture(row) for row in self._file.query(_PICTURES, experiment=experiment)]

    def pictures_lacking(self, names: Collection[str], experiment: str) -> list[MeasuredPicture]:
        """The finished pictures of an experiment that lack at least one of the metrics `names`."""
        if not names:
            return []
        rows = self._file.query(_LACKING, experiment=experiment, names=json.dumps(list(names)))
        return [_picture(row) for row in rows]

    def nan_shares(self, keys: Sequence[str]) -> list[float]:
        """The shares, above 0, of values that were not finite in the finished pictures of `keys`."""
        rows = self._file.query(_NAN_SHARES_OF_KEYS, keys=json.dumps(keys))
        return [row["value"] for row in rows]

    def nan_shares_of_experiment(self, experiment: str) -> list[float]:
        """The same of the finished pictures of an experiment."""
        rows = self._file.query(_NAN_SHARES_OF_EXPERIMENT, experiment=experiment)
        return [row["value"] for row in rows]


def write_metrics(sql: sqlite3.Connection, key: str, metrics: Metrics) -> None:
    """Write metrics of one cell within a transaction."""
    for name, (version, value) in metrics.items():
        sql.execute(_WRITE, {"key": key, "metric": name, "version": version, "value": value})


def _picture(row: sqlite3.Row) -> MeasuredPicture:
    names = row["metrics"] or ""
    return MeasuredPicture(
        key=row["key"],
        image=row["image"],
        prompt=row["prompt"],
        model=row["model"],
        metrics=frozenset(names.split()),
    )
