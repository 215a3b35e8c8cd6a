"""The rows of a cell in one piece, as they leave a results folder and enter another one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import StoreError
from ..pictures.traces import Trace
from .cells import CellRow
from .traces import StoredFilm, write_traces

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from .database import StoreFile

# marks that say something of a picture to others; pins and hidden pictures are one person's view
SHARED_MARKS = ("stars", "note")
_ROW_FIELDS = tuple(field.name for field in fields(CellRow))
_CELLS = f"""
    SELECT
        membership.position,
        membership.axes,
        (
            SELECT json_group_object(metric, json_array(version, value))
            FROM metrics
            WHERE metrics.key = cells.key
        ),
        (
            SELECT json_group_object(metric, json_array(source, value))
            FROM measurements
            WHERE measurements.key = cells.key AND measurements.experiment = :experiment
        ),
        (
            SELECT json_group_object(mark, json_array(value, created))
            FROM marks
            WHERE marks.key = cells.key AND mark IN ('{"', '".join(SHARED_MARKS)}')
        ),
        (
            SELECT json_group_object(name, json_array(json(steps), reason))
            FROM traces
            WHERE traces.key = cells.key
        ),
        (
            SELECT json_array(film, film_sha256, film_bytes)
            FROM traces
            WHERE traces.key = cells.key AND film IS NOT NULL
        ),
        {", ".join(f"cells.{name}" for name in _ROW_FIELDS)}
    FROM membership JOIN cells USING (key)
    WHERE membership.experiment = :experiment
    ORDER BY membership.position
"""
_EXPERIMENT = "SELECT spec, seeds, created FROM experiments WHERE name = :experiment"
_PICTURE = "SELECT status, image, bytes, pixels FROM cells WHERE key = :key"
_INSERT = f"""
    INSERT OR REPLACE INTO cells ({", ".join(_ROW_FIELDS)})
    VALUES ({", ".join(f":{name}" for name in _ROW_FIELDS)})
"""
_INSERT_METRIC = """
    INSERT OR IGNORE INTO metrics (key, metric, version, value) VALUES (?, ?, ?, ?)
"""
_INSERT_MARK = """
    INSERT OR IGNORE INTO marks (key, mark, value, created) VALUES (?, ?, ?, ?)
"""
_INSERT_MEASUREMENT = """
    INSERT OR IGNORE INTO measurements (experiment, metric, key, source, value)
    VALUES (?, ?, ?, ?, ?)
"""
_INSERT_MEMBER = """
    INSERT OR IGNORE INTO membership (experiment, position, key, axes) VALUES (?, ?, ?, ?)
"""
_INSERT_EXPERIMENT = """
    INSERT INTO experiments (name, spec, seeds, created)
    VALUES (:name, :spec, :seeds, :created)
"""
_MISSING = """
    SELECT COUNT(*) FROM membership
    WHERE experiment = :experiment AND key NOT IN (SELECT key FROM cells)
"""
_MEMBERS = """
    SELECT position, key, axes FROM membership WHERE experiment = :experiment ORDER BY position
"""


@dataclass(frozen=True)
class ArchivedCell:
    """A cell of an experiment with all rows about it.

    axes: its values of the experiment's axes, as JSON. metrics: (version, value) by name.
    measurements: (source, value) by name. marks: (value, created) by name. traces: of its steps.
    film: the file of x0.
    """

    position: int
    axes: str
    row: CellRow
    metrics: dict[str, tuple[int, Any]] = field(default_factory=dict)
    measurements: dict[str, tuple[str, float]] = field(default_factory=dict)
    marks: dict[str, tuple[Any, str]] = field(default_factory=dict)
    traces: tuple[Trace, ...] = ()
    film: StoredFilm | None = None

    @property
    def member(self) -> ArchivedMember:
        """What the experiment says of the cell."""
        return ArchivedMember(self.position, self.row.key, self.axes, self.measurements)


class ArchivedMember(NamedTuple):
    """What an experiment says of one of its cells: see ArchivedCell."""

    position: int
    key: str
    axes: str
    measurements: dict[str, tuple[str, float]]


class ExperimentRow(NamedTuple):
    """The row of an experiment. spec, seeds: JSON."""

    spec: str
    seeds: str
    created: str


def experiment_row(file: StoreFile, experiment: str) -> ExperimentRow | None:
    """The row of an experiment; None if it never ran here."""
    rows = file.tuples(_EXPERIMENT, experiment=experiment)
    return ExperimentRow._make(rows[0]) if rows else None


def archived_cells(file: StoreFile, experiment: str) -> Iterator[ArchivedCell]:
    """The cells of an experiment that have an outcome, in its order; take them all at once."""
    for position, axes, metrics, measurements, marks, traces, film, *row in file.each(
        _CELLS, experiment=experiment
    ):
        yield ArchivedCell(
            position,
            axes,
            CellRow(**dict(zip(_ROW_FIELDS, row, strict=True))),
            _by_name(metrics),
            _by_name(measurements),
            _by_name(marks),
            tuple(Trace.of(name, *pair) for name, pair in _by_name(traces).items()),
            StoredFilm(*json.loads(film)) if film else None,
        )


def _by_name(text: str) -> dict[str, tuple[Any, Any]]:
    values = json.loads(text)
    return {name: tuple(values[name]) for name in sorted(values)}


def members(file: StoreFile, experiment: str) -> list[tuple[int, str, str]]:
    """Position, key and axes of each cell of an experiment, in its order."""
    return file.tuples(_MEMBERS, experiment=experiment)


def is_kept(file: StoreFile, row: CellRow) -> bool:
    """Whether a finished picture of other pixels is here, which an archive's must not replace."""
    known = file.tuples(_PICTURE, key=row.key)
    return bool(known) and not _is_replaced(file, known[0], row) and known[0][3] != row.pixels


def enter_cell(file: StoreFile, sql: sqlite3.Connection, cell: ArchivedCell) -> bool:
    """Enter a cell with its metrics and marks, within a transaction; returns whether its row was new.

    What is there stays, unless it is a failure or its picture is gone. Metrics, marks and traces are
    added where there are none, if they are of the same pixels.
    """
    row = cell.row
    known = sql.execute(_PICTURE, {"key": row.key}).fetchone()
    is_new = known is None or _is_replaced(file, tuple(known), row)
    if is_new:
        sql.execute(_INSERT, vars(row))
    elif known["pixels"] != row.pixels:
        return False
    metrics = [(row.key, name, *values) for name, values in cell.metrics.items()]
    sql.executemany(_INSERT_METRIC, metrics)
    marks = [(row.key, name, *values) for name, values in cell.marks.items()]
    sql.executemany(_INSERT_MARK, marks)
    write_traces(sql, row.key, row.image, cell.traces, cell.film, replace=False)
    return is_new


def _is_replaced(file: StoreFile, known: tuple[Any, ...], row: CellRow) -> bool:
    """Whether a row that is there gives way to a finished picture."""
    status, image, size, _pixels = known
    return row.status == "ok" and (status != "ok" or not file.has_picture(image, size))


def enter_members(
    file: StoreFile, sql: sqlite3.Connection, experiment: str, members: Sequence[ArchivedMember]
) -> None:
    """Make cells, with what was measured of them in their experiment, members of an experiment.

    Raises StoreError if the row of one is not here, within a transaction.
    """
    rows = [(experiment, member.position, member.key, member.axes) for member in members]
    sql.executemany(_INSERT_MEMBER, rows)
    measurements = [
        (experiment, name, member.key, *values)
        for member in members
        for name, values in member.measurements.items()
    ]
    sql.executemany(_INSERT_MEASUREMENT, measurements)
    (missing,) = sql.execute(_MISSING, {"experiment": experiment}).fetchone()
    if missing:
        raise StoreError(
            f"{missing:,} cells were removed from {file.root} while they were taken in; run this again"
        )


def enter_experiment(sql: sqlite3.Connection, name: str, row: ExperimentRow) -> None:
    """Enter an experiment that is not there, within a transaction."""
    sql.execute(_INSERT_EXPERIMENT, {"name": name, **row._asdict()})
