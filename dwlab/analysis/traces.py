"""Traces of a sweep as a table: one row per picture and step, with the axes beside."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import InvalidInput
from ..spec.probes import FILM, PROBES
from ..store.experiments import never_ran
from ..store.store import Store, open_existing
from .axes import varying

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..store.traces import CellTrace

# of the table, after the axes
COLUMNS = ("step", "sigma", "timestep", "value")
# of its attrs
NAME = "trace"
REASONS = "reasons"


def trace_table(tables: Sequence[tuple[pd.DataFrame, list[CellTrace]]], name: str) -> pd.DataFrame:
    """The traces of a name, of one or several experiments with their tables of cells.

    Columns: `experiment` and `key` of the cell, each axis that varies, `step` from 1, `sigma` and
    `timestep` of the model's noise level (NaN where the scheduler has none), and `value`: a number, NaN
    where it was not finite, or a list of numbers. Those of x0 are the numbers of the frames, from 0, in
    the file that the column `film` names. `attrs["axes"]` has the values of each axis, and
    `attrs["reasons"]` counts the cells without values by the reason why.
    """
    parts = []
    axes: dict[str, None] = {}
    reasons: Counter[str] = Counter()
    for table, traces in tables:
        part, names = _part(table, traces)
        parts.append(part)
        axes |= dict.fromkeys(names)
        reasons.update(each.trace.reason for each in traces if not each.trace.values)
    columns = ["experiment", "key", *axes, *COLUMNS]
    if name == FILM:
        columns.append("film")
    rows = pd.concat(parts, ignore_index=True).reindex(columns=columns)
    values = {axis: list(dict.fromkeys(rows[axis])) for axis in axes}
    rows.attrs = {NAME: name, "axes": values, REASONS: dict(reasons)}
    if tables:
        rows.attrs["results"] = tables[0][0].attrs.get("results")
    return rows


def text_columns(traces: pd.DataFrame) -> list[str]:
    """The columns of traces that people read."""
    hidden = ("experiment", "key", "film")
    return [name for name in traces.columns if name not in hidden]


def experiments_with(root: Path, name: str, experiment: str | None) -> list[str]:
    """The experiments that have traces of a name, or the one that is asked for.

    Raises InvalidInput for a name that has no traces, and for an experiment that never ran here.
    """
    with open_existing(root) as store:
        known = list(store.experiments.specs()) if store else []
        if experiment is not None and experiment not in known:
            raise never_ran(root, experiment, known)
        having = store.traces.experiments(name) if store else []
        if not having or (experiment is not None and experiment not in having):
            raise InvalidInput("trace", name, _allowed(store, name, experiment))
    return having if experiment is None else [experiment]


def _allowed(store: Store | None, name: str, experiment: str | None) -> str:
    names = store.traces.names(experiment) if store else []
    where = f"in {experiment}" if experiment else "here"
    allowed = f"one that is {where}: {', '.join(names) or 'none yet'}"
    if name in PROBES:
        allowed += (
            f"; sweeps keep it with `probes: [{name}]`, and of pictures that were rendered before with "
            "--fill-traces"
        )
    return allowed


def _part(table: pd.DataFrame, traces: Sequence[CellTrace]) -> tuple[pd.DataFrame, list[str]]:
    """The rows of one experiment, and the names of its axes."""
    kept = [each for each in traces if each.trace.values]
    steps: dict[str, list[Any]] = {name: [] for name in ("key", *COLUMNS, "film")}
    for each in kept:
        trace = each.trace
        count = len(trace.steps)
        steps["key"] += [each.key] * count
        steps["film"] += [each.film or None] * count
        for name, values in zip(COLUMNS, trace.columns, strict=True):
            steps[name] += values
    rows = pd.DataFrame(steps)
    for name in ("sigma", "timestep"):
        rows[name] = rows[name].astype(float)
    if not any(isinstance(value, list) for value in steps["value"]):
        rows["value"] = pd.to_numeric(rows["value"])
    axes = {_column(axis.name): axis.column.infer_objects() for axis in varying(table)}
    cells = pd.DataFrame({"key": table["key"], "experiment": table["experiment"], **axes})
    return rows.merge(cells, on="key", how="left"), list(axes)


def _column(axis: str) -> str:
    """What the column of an axis is called; a placeholder may have the name of another column."""
    return f"axis {axis}" if axis in (*COLUMNS, "film", "key", "experiment") else axis
