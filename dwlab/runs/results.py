"""A results folder, read as tables with one row per cell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..metrics.measures import STARS
from ..paths import results_folder
from ..spec import input_files, inputs, list_values
from ..spec.names import LISTS, PARTS
from ..spec.params import FIELDS
from ..spec.table_columns import ALWAYS, COLUMN_NAMES, FIXED, METRICS, OPTIONAL
from ..store.experiments import never_ran
from ..store.store import open_existing
from .table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Row = dict[str, Any]
    Axes = dict[str, Any]


class Results:
    """A results folder, for reading. path: the folder, or None for the usual one."""

    def __init__(self, path: str | Path | None = None):
        self.root = results_folder(path)

    def __repr__(self) -> str:
        return f"Results({str(self.root)!r}, experiments={self.experiments()})"

    def experiments(self) -> list[str]:
        """The names of the experiments that ran here, oldest first."""
        return list(self.specs())

    def specs(self) -> dict[str, dict[str, Any]]:
        """The experiments that ran here, by name, each as `Sweep.as_dict` returns it."""
        with open_existing(self.root) as store:
            return store.experiments.specs() if store else {}

    def table(self, name: str | None = None) -> Table:
        """One row per cell of an experiment, in its order, or of the whole folder.

        Raises InvalidInput for an experiment that never ran here.
        """
        with open_existing(self.root) as store:
            specs = store.experiments.specs() if store else {}
            rows = store.cells.rows(name) if store else []
        if name is not None and name not in specs:
            raise never_ran(self.root, name, specs)
        axes = [json.loads(row["axes"]) for row in rows]
        params = [json.loads(row["params"]) for row in rows]
        cells = [_cell(*each) for each in zip(rows, axes, params, strict=True)]
        columns = _columns(rows, cells, axes)
        _fill_texts(cells, [name for name in OPTIONAL if name in columns])
        table = Table(cells, columns=columns)
        labels = _picture_labels(axes, params)
        table.attrs["results"] = str(self.root)
        points = [_shown(*each, labels) for each in zip(axes, params, strict=True)]
        table.attrs["axes"] = _axis_values(points)
        table.attrs["pictures"] = labels
        table.attrs["metric"] = specs[name].get("metric") if name is not None else None
        return table

    def find(self, name: str) -> Table | None:
        """The table of an experiment; None for one that never ran here."""
        try:
            return self.table(name)
        except InvalidInput:
            return None


def _cell(row: Row, axes: Axes, params: Row) -> Row:
    """A stored row as the table has it; the fixed columns win over metrics of the same name."""
    fields = {name: value for name, value in params.items() if name in FIELDS}
    for name in inputs.PICTURES:
        if name in fields:
            fields[COLUMN_NAMES.get(name, name)] = inputs.stored_path(fields[name])
    fixed = {name: row[name] for name in FIXED if name in row}
    maps = {name: json.dumps(params.get(name, {})) for name in ("scheduler_options", "call")}
    maps |= {name: json.dumps(params[name]) for name in (*LISTS, *PARTS) if name in params}
    stars = {STARS: row[STARS]}
    return row["metrics"] | stars | axes | {"negative_prompt": ""} | fields | fixed | maps


def _columns(rows: Sequence[Row], cells: Sequence[Row], axes: Sequence[Axes]) -> list[str]:
    """The columns of a table, in its order."""
    used = [name for name in OPTIONAL if any(name in cell for cell in cells)]
    fixed = [name for name in FIXED if name in ALWAYS or name in used]
    return [*fixed, *_placeholders(axes), *_metrics(rows)]


def _fill_texts(cells: Sequence[Row], names: Sequence[str]) -> None:
    """Give cells without a text that others have an empty one, so that it counts as a value."""
    for name in names:
        values = [cell.get(name) for cell in cells]
        if all(value is None or isinstance(value, str) for value in values):
            for cell in cells:
                cell[name] = cell.get(name) or ""


def _picture_labels(axes: Sequence[Axes], params: Sequence[Row]) -> dict[str, str]:
    """What people read for the pictures of axes, by their paths in the results folder."""
    sources: dict[str, Any] = {}
    for point, values in zip(axes, params, strict=True):
        for name in filter(inputs.is_picture, point):
            pictures = point[name] if isinstance(point[name], list) else [point[name]]
            sources |= dict(zip(_stored_on(name, values), pictures, strict=False))
    return dict(zip(sources, input_files.labels(list(sources.values())), strict=True))


def _shown(axes: Axes, params: Row, labels: Mapping[str, str]) -> Axes:
    """A cell's values of its axes under the names of their columns, pictures by their labels."""
    shown = {COLUMN_NAMES.get(name, name): value for name, value in axes.items()}
    for name in filter(inputs.is_picture, axes):
        names = [labels[path] for path in _stored_on(name, params)]
        shown[COLUMN_NAMES.get(name, name)] = ", ".join(names) or None
    return shown


def _stored_on(name: str, params: Row) -> list[str]:
    """Where the pictures lie that a cell has on an axis, like `image` or `ip_adapter.image`."""
    references = params.get(name)
    parent = name.partition(".")[0]
    if parent in inputs.LISTS:
        references = list_values.values_by_axis(parent, params.get(parent)).get(name)
    paths = [inputs.stored_path(reference) for reference in str(references or "").split(", ")]
    return [path for path in paths if path]


def _placeholders(axes: Sequence[Axes]) -> list[str]:
    """The axes that have no fixed column: placeholders of the prompt."""
    names: dict[str, None] = {}
    for point in axes:
        names |= dict.fromkeys(point)
    return [name for name in names if name not in FIELDS and "." not in name]


def _metrics(rows: Sequence[Row]) -> list[str]:
    """The metrics that some row has, in their usual order, then those that are not usual."""
    names: dict[str, None] = {}
    for row in rows:
        names |= dict.fromkeys(row["metrics"])
    if any(row[STARS] for row in rows):
        names[STARS] = None
    usual = [name for name in METRICS if name in names]
    return [*usual, *(name for name in names if name not in METRICS)]


def _axis_values(axes: Sequence[Axes]) -> dict[str, list[Any]]:
    """The values of each axis, each once, in the order of the cells."""
    values: dict[str, dict[str, Any]] = {}
    for point in axes:
        for name, value in point.items():
            values.setdefault(name, {})[json.dumps(value, default=str)] = value
    return {name: list(distinct.values()) for name, distinct in values.items()}
