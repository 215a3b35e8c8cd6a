"""What was measured of the finished pictures of an experiment, as it is stored.

A picture may be measured against others of its experiment, so it has values of its own in each
experiment. Each value has a source: a hash of all that it was computed from.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence

    from .database import StoreFile

_PICTURES = """
    SELECT key, image, pixels, params, membership.axes
    FROM membership JOIN cells USING (key)
    WHERE membership.experiment = :experiment
        AND cells.status = 'ok'
    ORDER BY membership.position
"""
_KNOWN = """
    SELECT source, value
    FROM measurements
    WHERE source IN (SELECT value FROM json_each(:sources))
"""
_FORGET = """
    DELETE FROM measurements
    WHERE experiment = :experiment
        AND metric = :metric
        AND source NOT IN (SELECT value FROM json_each(:sources))
"""
_WRITE = """
    INSERT OR REPLACE INTO measurements (experiment, metric, key, source, value)
    VALUES (?, ?, ?, ?, ?)
"""
_WRITE_FACTS = """
    INSERT OR REPLACE INTO measured_columns (experiment, metric, facts)
    VALUES (?, ?, ?)
"""
_FORGET_FACTS = """
    DELETE FROM measured_columns
    WHERE experiment = :experiment
        AND metric = :metric
"""
_FACTS = "SELECT metric, facts FROM measured_columns WHERE experiment = :experiment"
NAMES = "SELECT DISTINCT metric FROM measurements WHERE experiment = :experiment"
COLUMNS = "SELECT key, metric, value FROM measurements WHERE experiment = :experiment"


class FinishedPicture(NamedTuple):
    """A finished picture of an experiment.

    image: its path, relative to the results folder. pixels: their hash, if it is known. params: as
    JSON. axes: its values of the experiment's axes, as JSON.
    """

    key: str
    image: str
    pixels: str | None
    params: str
    axes: str


class Measurement(NamedTuple):
    """A value of a picture. source: the hash of what it was computed from."""

    key: str
    source: str
    value: float


class Measurements:
    """Reads and writes what was measured of experiments."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def pictures(self, experiment: str) -> list[FinishedPicture]:
        """The finished pictures of an experiment, in its order."""
        rows = self._file.tuples(_PICTURES, experiment=experiment)
        return [FinishedPicture._make(row) for row in rows]

    def known(self, sources: Collection[str]) -> dict[str, float]:
        """The values that were computed from these sources before, in any experiment."""
        return dict(self._file.tuples(_KNOWN, sources=json.dumps(list(sources))))

    def replace(
        self,
        experiment: str,
        column: str,
        sources: Collection[str],
        values: Sequence[Measurement],
        facts: Mapping[str, object],
    ) -> None:
        """Write values of a column, and forget those that were computed from anything else.

        sources: what the column is to be computed from now. facts: what tables must know of the
        column; empty for a metric of dwlab's.
        """
        with self._file.transaction() as sql:
            arguments = {
                "experiment": experiment,
                "metric": column,
                "sources": json.dumps(list(sources)),
            }
            sql.execute(_FORGET, arguments)
            rows = [(experiment, column, *value) for value in values]
            sql.executemany(_WRITE, rows)
            sql.execute(_FORGET_FACTS, arguments)
            if facts:
                enter_facts(sql, experiment, {column: facts})

    def facts(self, experiment: str) -> dict[str, dict[str, Any]]:
        """What is known of the columns of metrics that dwlab does not have itself, by column."""
        rows = self._file.tuples(_FACTS, experiment=experiment)
        return {column: json.loads(text) for column, text in rows}

    def add(self, experiment: str, column: str, values: Sequence[Measurement]) -> None:
        """Write values of a column."""
        rows = [(experiment, column, *value) for value in values]
        with self._file.transaction() as sql:
            sql.executemany(_WRITE, rows)


def enter_facts(
    sql: sqlite3.Connection, experiment: str, facts: Mapping[str, Mapping[str, object]]
) -> None:
    """Write what is known of columns within a transaction. facts: by column."""
    rows = [(experiment, column, json.dumps(values)) for column, values in facts.items()]
    sql.executemany(_WRITE_FACTS, rows)
