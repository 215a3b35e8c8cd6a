"""What was measured of pictures, as it is stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from .database import StoreFile

    # name -> (version of the metric, value)
    Metrics = Mapping[str, tuple[int, object]]

_WRITE = """
    INSERT OR REPLACE INTO metrics (key, metric, version, value)
    VALUES (?, ?, ?, ?)
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
_IS_NAN_SHARE = "metrics.metric = 'nan' AND metrics.value > 0 AND cells.status = 'ok'"
_NAN_SHARES_OF_KEYS = f"""
    SELECT metrics.value
    FROM json_each(:keys) AS chosen
    JOIN metrics ON metrics.key = chosen.value
    JOIN cells ON cells.key = chosen.value
    WHERE {_IS_NAN_SHARE}
"""
_CUTS_OF_EXPERIMENT = """
    SELECT metrics.value
    FROM membership
    JOIN metrics USING (key)
    JOIN cells USING (key)
    WHERE membership.experiment = :experiment
        AND metrics.metric = 'cut'
        AND cells.status = 'ok'
"""
_NAN_SHARES_OF_EXPERIMENT = f"""
    SELECT metrics.value
    FROM membership
    JOIN metrics USING (key)
    JOIN cells USING (key)
    WHERE membership.experiment = :experiment AND {_IS_NAN_SHARE}
"""


class MeasuredPicture(NamedTuple):
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
        return _pictures(self._file.tuples(_PICTURES, experiment=experiment))

    def pictures_lacking(self, names: Collection[str], experiment: str) -> list[MeasuredPicture]:
        """The finished pictures of an experiment that lack at least one of the metrics `names`."""
        if not names:
            return []
        names_json = json.dumps(list(names))
        return _pictures(self._file.tuples(_LACKING, experiment=experiment, names=names_json))

    def nan_shares(self, keys: Sequence[str]) -> list[float]:
        """The shares, above 0, of values that were not finite in the finished pictures of `keys`."""
        rows = self._file.tuples(_NAN_SHARES_OF_KEYS, keys=json.dumps(list(set(keys))))
        return [share for (share,) in rows]

    def nan_shares_of_experiment(self, experiment: str) -> list[float]:
        """The same of the finished pictures of an experiment."""
        rows = self._file.tuples(_NAN_SHARES_OF_EXPERIMENT, experiment=experiment)
        return [share for (share,) in rows]

    def cuts_of_experiment(self, experiment: str) -> list[str]:
        """What was not read of prompts, of each finished picture whose prompts were too long."""
        rows = self._file.tuples(_CUTS_OF_EXPERIMENT, experiment=experiment)
        return [text for (text,) in rows]


def write_metrics(sql: sqlite3.Connection, key: str, metrics: Metrics) -> None:
    """Write metrics of one cell within a transaction."""
    rows = [(key, name, version, value) for name, (version, value) in metrics.items()]
    sql.executemany(_WRITE, rows)


def _pictures(rows: Iterable[tuple[Any, ...]]) -> list[MeasuredPicture]:
    pictures = []
    for key, image, prompt, model, names in rows:
        metrics = frozenset((names or "").split())
        pictures.append(MeasuredPicture(key, image, prompt, model, metrics))
    return pictures
