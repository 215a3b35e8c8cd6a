"""Cells column by column, as tables have them, which takes less time and memory than rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import measurements
from .cells import STARS

if TYPE_CHECKING:
    from collections.abc import Collection

    from .database import StoreFile

# columns of the table that are stored as such, and what others are read from
TABLE_COLUMNS = (
    "experiment",
    "axes",
    "stars",
    "key",
    "params",
    "dtype",
    "device",
    "worker",
    "seconds",
    "device_seconds",
    "load_seconds",
    "status",
    "error",
    "image",
    "created",
    "versions",
    "pixels",
)
# rows of local runs, which name no worker, are not parsed
_WORKER = (
    "CASE WHEN instr(versions, '\"worker\"') THEN json_extract(versions, '$.worker') END AS worker"
)
# metrics are looked up before the rows are sorted, in the order of the keys: their own order
_ALL_TABLE = f"""
    SELECT {{columns}}
    FROM (SELECT *, {STARS} AS stars, NULL AS experiment, '{{{{}}}}' AS axes FROM cells) AS cells
    ORDER BY created, key
"""
_EXPERIMENT_TABLE = f"""
    SELECT {{columns}}
    FROM membership JOIN (SELECT *, {STARS} AS stars FROM cells) AS cells USING (key)
    WHERE membership.experiment = :experiment
    ORDER BY membership.position
"""
_OUTCOMES = """
    SELECT membership.axes, cells.status
    FROM membership JOIN cells USING (key)
    WHERE membership.experiment = :experiment
"""
_ALL_METRIC_NAMES = "SELECT DISTINCT metric FROM metrics"
_EXPERIMENT_METRIC_NAMES = f"""
    SELECT metric FROM ({_ALL_METRIC_NAMES}) AS names
    WHERE EXISTS (
        SELECT * FROM membership CROSS JOIN metrics USING (key)
        WHERE membership.experiment = :experiment AND metrics.metric = names.metric
    )
"""
_METRIC = "(SELECT value FROM metrics WHERE metrics.key = cells.key AND metric = :metric{number})"
# what was measured of finished pictures belongs to an experiment
_MEASURED = """
    (
        SELECT value FROM measurements
        WHERE measurements.experiment = :experiment
            AND measurements.metric = :measured{number}
            AND measurements.key = cells.key
    )
"""


@dataclass(frozen=True)
class CellTable:
    """Cells column by column, all columns in the same order.

    rows: the columns TABLE_COLUMNS. metrics: the values of each metric, None for cells without.
    """

    rows: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in TABLE_COLUMNS})
    metrics: dict[str, list[Any]] = field(default_factory=dict)


def outcomes(file: StoreFile, experiment: str) -> list[tuple[str, str]]:
    """The axes (JSON) and the status of each cell of an experiment that has an outcome."""
    return file.tuples(_OUTCOMES, experiment=experiment)


def cell_table(
    file: StoreFile,
    experiment: str | None = None,
    *,
    without: Collection[str] = (),
    first: int | None = None,
) -> CellTable:
    """The cells of an experiment in its order, or all by time, without those that have no outcome.

    without: columns that are not read, and None in all rows. first: how many cells; None for all.
    """
    columns = [_column(name, without) for name in TABLE_COLUMNS]
    names = _metric_names(file, experiment)
    measured = _measured_names(file, experiment)
    metrics = [_METRIC.format(number=number) for number in range(len(names))]
    metrics += [_MEASURED.format(number=number) for number in range(len(measured))]
    statement = _ALL_TABLE if experiment is None else _EXPERIMENT_TABLE
    statement = statement.format(columns=", ".join([*columns, *metrics]))
    arguments: dict[str, object] = {}
    arguments |= {f"metric{number}": name for number, name in enumerate(names)}
    arguments |= {f"measured{number}": name for number, name in enumerate(measured)}
    if first is not None:
        # with a limit SQLite looks metrics up after sorting, which is slow for all rows
        statement += "LIMIT :first"
        arguments["first"] = first
    rows = file.tuples(statement, experiment=experiment, **arguments)
    if not rows:
        return CellTable()
    values = list(map(list, zip(*rows, strict=True)))
    count = len(TABLE_COLUMNS)
    return CellTable(
        rows=dict(zip(TABLE_COLUMNS, values[:count], strict=True)),
        metrics=dict(zip([*names, *measured], values[count:], strict=True)),
    )


def _column(name: str, without: Collection[str]) -> str:
    if name in without:
        return f"NULL AS {name}"
    return _WORKER if name == "worker" else name


def _metric_names(file: StoreFile, experiment: str | None) -> list[str]:
    if experiment is None:
        rows = file.tuples(_ALL_METRIC_NAMES)
    else:
        rows = file.tuples(_EXPERIMENT_METRIC_NAMES, experiment=experiment)
    return [name for (name,) in rows]


def _measured_names(file: StoreFile, experiment: str | None) -> list[str]:
    if experiment is None:
        return []
    rows = file.tuples(measurements.NAMES, experiment=experiment)
    return [name for (name,) in rows]
