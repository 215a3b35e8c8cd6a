"""The columns of a table, made from stored rows one column at a time: there may be 100,000 rows."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ..metrics.measures import STARS
from ..spec import input_files, inputs, list_values
from ..spec.names import ARGUMENTS, LISTS, MAPS, PARTS
from ..spec.own_code.classes import PIPELINE, SCHEDULER_CODE
from ..spec.own_code.labels import method_labels
from ..spec.own_code.recipe import FIELD as METHOD
from ..spec.params import FIELDS
from ..spec.table_columns import ALWAYS, COLUMN_NAMES, FIXED, METRICS, OPTIONAL, WORKER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..store.cell_table import CellTable

    Columns = dict[str, list[Any]]

CODE_SHOWN = 12  # digits of a hash
# a cell without a value, as pandas has it; told from a measured NaN by being this very object
MISSING = math.nan


class CellColumns:
    """The columns of cells, and what belongs to them.

    columns: by name, in the order of the table. axis_values: the values of each axis, each once, in
    the order of the cells. picture_labels: what people read for the pictures of axes, by their
    paths in the results folder.
    """

    def __init__(self, cells: CellTable) -> None:
        self._size = len(cells.rows["key"])
        self._axes = axis_columns(cells.rows["axes"])
        params = _by_name(_parsed(cells.rows["params"]))
        if METHOD in self._axes and METHOD in params:
            # those of one name may differ in their code
            self._axes[METHOD] = method_names(params[METHOD])
        # where the pictures lie that each cell has on an axis
        self._pictures = {
            name: self._stored_on(name, params) for name in self._axes if inputs.is_picture(name)
        }
        self.picture_labels = self._labels()
        self.axis_values = self._axis_values()
        metrics = dict(cells.metrics)
        if any(cells.rows[STARS]):
            metrics[STARS] = cells.rows[STARS]
        columns = self._all_columns(cells.rows, params, metrics)
        missing = [MISSING] * self._size
        names = self._names(columns, metrics)
        self.columns = {name: columns.get(name, missing) for name in names}

    def _all_columns(self, rows: Columns, params: Columns, metrics: Columns) -> Columns:
        """Every column by name; the fixed ones win over axes, and these over metrics."""
        columns = dict(metrics)
        _lay_over(columns, self._axes)
        columns["negative_prompt"] = [""] * self._size
        _lay_over(columns, {name: values for name, values in params.items() if name in FIELDS})
        for name in inputs.PICTURES:
            if name in params:
                paths = [inputs.stored_path(source) for source in params[name]]
                columns[COLUMN_NAMES.get(name, name)] = paths
        columns |= {name: values for name, values in rows.items() if name in FIXED}
        if not any(columns[WORKER]):
            del columns[WORKER]
        for name in (*MAPS, *LISTS, *PARTS, PIPELINE, SCHEDULER_CODE):
            if name in params:
                columns[name] = [_json(value, name) for value in params[name]]
        if METHOD in params:
            columns |= method_columns(params[METHOD])
        for name in ARGUMENTS:
            columns.setdefault(name, ["{}"] * self._size)
        for name in OPTIONAL:
            if name in columns:
                columns[name] = _with_empty_texts(columns[name])
        return columns

    def _names(self, columns: Columns, metrics: Columns) -> list[str]:
        """The columns of the table, in its order."""
        fixed = [name for name in FIXED if name in ALWAYS or name in columns]
        # axes without a fixed column are placeholders of the prompt
        placeholders = [name for name in self._axes if name not in FIELDS and "." not in name]
        usual = [name for name in METRICS if name in metrics]
        unusual = sorted(name for name in metrics if name not in METRICS)
        return list(dict.fromkeys([*fixed, *placeholders, *usual, *unusual]))

    def _stored_on(self, name: str, params: Columns) -> list[list[str]]:
        """The paths of each cell's pictures on an axis, like `image` or `ip_adapter.image`."""
        parent = name.partition(".")[0]
        values = params.get(parent, [MISSING] * self._size)
        if parent in inputs.LISTS:
            values = [list_values.values_by_axis(parent, value).get(name) for value in values]
        return [_stored_paths(references) for references in values]

    def _labels(self) -> dict[str, str]:
        sources: dict[str, Any] = {}
        for name, column in self._pictures.items():
            for paths, value in zip(column, self._axes[name], strict=True):
                pictures = value if isinstance(value, list) else [value]
                sources |= dict(zip(paths, pictures, strict=False))
        return dict(zip(sources, input_files.labels(list(sources.values())), strict=True))

    def _axis_values(self) -> Columns:
        """Axes are called like their columns, and pictures by their labels."""
        values = {}
        for name, column in self._axes.items():
            shown = column
            if name in self._pictures:
                shown = [self._label(paths) for paths in self._pictures[name]]
            known = [
                value for value, stored in zip(shown, column, strict=True) if stored is not MISSING
            ]
            values[COLUMN_NAMES.get(name, name)] = distinct(known)
        return values

    def _label(self, paths: Sequence[str]) -> str | None:
        return ", ".join(self.picture_labels[path] for path in paths) or None


def axis_columns(texts: Sequence[str]) -> Columns:
    """The values of cells on each axis, by its name. texts: each cell's axes, as JSON."""
    return _by_name(_parsed(texts))


def method_names(values: Sequence[Any]) -> list[str]:
    """What each cell's method is called. values: of the recipes, MISSING for stock cells."""
    methods = [value if isinstance(value, dict) else {} for value in values]
    return method_labels([(method.get("name", ""), method.get("code", "")) for method in methods])


def method_columns(values: Sequence[Any]) -> Columns:
    """The columns that tell of methods. values: of the recipes, MISSING for stock cells."""
    methods = [value if isinstance(value, dict) else {} for value in values]
    return {
        METHOD: method_names(values),
        "method_code": [method.get("code", "")[:CODE_SHOWN] for method in methods],
        "method_parameters": [json.dumps(method.get("parameters", {})) for method in methods],
    }


def _stored_paths(references: object) -> list[str]:
    """Where pictures lie in the results folder. references: one or several, with commas."""
    paths = [inputs.stored_path(reference) for reference in str(references or "").split(", ")]
    return [path for path in paths if path]


def _parsed(texts: Sequence[str]) -> list[dict[str, Any]]:
    """The maps in JSON texts; parsed together, which takes half the time and shares their names."""
    values: list[dict[str, Any]] = json.loads(f"[{','.join(texts)}]")
    return values


def _by_name(maps: Sequence[dict[str, Any]]) -> Columns:
    """A column for each name that some map has, in the order in which they first appear."""
    names: dict[str, None] = {}
    kinds = dict.fromkeys(map(tuple, maps))
    for kind in kinds:
        names |= dict.fromkeys(kind)
    if len(kinds) > 1:
        missing: dict[str, Any] = dict.fromkeys(names, MISSING)
        maps = [missing | each for each in maps]
    rows = [each.values() for each in maps]
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def _lay_over(columns: Columns, upper: Columns) -> None:
    """Put columns over those of the same name, which show where the upper ones have no value."""
    for name, values in upper.items():
        lower = columns.get(name)
        if lower is None:
            columns[name] = values
        else:
            columns[name] = [
                under if value is MISSING else value
                for value, under in zip(values, lower, strict=True)
            ]


def _json(value: object, name: str) -> object:
    """A map or a list as JSON; maps that a cell lacks are empty ones."""
    if value is MISSING:
        return "{}" if name in MAPS else MISSING
    return json.dumps(value)


def _with_empty_texts(column: list[Any]) -> list[Any]:
    """A column of texts with an empty one for cells without, so that it counts as a value."""
    if any(not (value is MISSING or value is None or isinstance(value, str)) for value in column):
        return column
    return ["" if value is MISSING or value is None else value for value in column]


def distinct(values: Sequence[Any]) -> list[Any]:
    """Each value once; 1, 1.0 and True are three values."""
    try:
        return [value for _, value in dict.fromkeys(zip(map(type, values), values, strict=True))]
    # lists and maps
    except TypeError:
        by_text = {json.dumps(value, default=str): value for value in reversed(values)}
        return list(reversed(by_text.values()))
