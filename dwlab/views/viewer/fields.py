"""The fields of a viewer: what its pictures can be laid out, coloured, sorted and filtered by."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from ..._util.checks import is_number
from ...analysis.axes import swept
from ...analysis.metric_columns import metrics_asked_for, metrics_of
from ...analysis.quality import facts_of
from ...spec.table_columns import COLUMNS, Kind

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ...analysis.axes import Axis

# told in other ways, or of no use beside a picture
LEFT_OUT = ("key", "experiment", "prompt", "image", "error", "versions", "pixels")
LOWER_NOTE = "lower is better"
EMPTY = (None, "", "{}")
_RECORDS = {column.name for column in COLUMNS if column.kind is Kind.RECORD}


@dataclass(frozen=True)
class Field:
    """A column as the page takes it.

    kind: axis, metric, parameter or record. A field of numbers has one per cell in `numbers`, None
    for a gap. Another has the texts of its distinct values in `values`, each cell's position among
    them in `codes` (-1 for none), and in `amounts` the number of each value, if all are numbers.
    unit: of its numbers. note: how they are read.
    """

    name: str
    kind: str
    values: list[str] | None = None
    codes: list[int] | None = None
    amounts: list[float] | None = None
    numbers: list[float | None] | None = None
    unit: str | None = None
    note: str | None = None

    def as_dict(self) -> dict[str, object]:
        """The field as JSON has it, without what it lacks."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def fields_of(table: pd.DataFrame) -> list[Field]:
    """The fields of a table: its axes, then metrics, then parameters, then records.

    Of the metrics, those that were asked for come first.
    """
    axes = swept(table)
    names = {axis.names[0] for axis in axes if len(axis.names) == 1}
    metrics = metrics_of(table)
    columns: dict[str, list[Field]] = {
        "axis": [_axis_field(axis) for axis in axes],
        "metric": [],
        "parameter": [],
        "record": [],
    }
    for name in map(str, table.columns):
        if name in names or name in LEFT_OUT:
            continue
        kind = _kind(name, metrics)
        field = _field(name, kind, table[name])
        if field:
            columns[kind].append(_with_facts(table, field) if kind == "metric" else field)
    asked_for = metrics_asked_for(table)
    columns["metric"].sort(key=lambda field: field.name not in asked_for)
    return [field for kind in columns.values() for field in kind]


def text_field(name: str, kind: str, texts: Sequence[str]) -> Field:
    """A field of texts; an empty text is no value."""
    values = list(dict.fromkeys(text for text in texts if text))
    positions = {text: position for position, text in enumerate(values)}
    codes = [positions.get(text, -1) for text in texts]
    return Field(name, kind, values=values, codes=codes)


def _with_facts(table: pd.DataFrame, field: Field) -> Field:
    """A metric's field with its unit, and the note that lower is better."""
    facts = facts_of(table, field.name)
    note = None if facts.is_higher_better else LOWER_NOTE
    return replace(field, unit=facts.unit or None, note=note)


def _kind(name: str, metrics: Sequence[str]) -> str:
    if name in metrics or name.startswith("found_"):
        return "metric"
    return "record" if name in _RECORDS else "parameter"


def _axis_field(axis: Axis) -> Field:
    return Field(
        axis.name,
        "axis",
        values=[axis.label(value) for value in axis.values],
        codes=[int(code) for code in axis.codes],
        amounts=axis.numbers if len(axis.names) == 1 and _are_numbers(axis.values) else None,
    )


def _are_numbers(values: Sequence[Hashable]) -> bool:
    return all(is_number(value) for value in values)


def _field(name: str, kind: str, column: pd.Series) -> Field | None:
    """The field of a column; None for one without values."""
    # True and False are words
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        numbers = [_number(value) for value in column]
        is_empty = all(number is None for number in numbers)
        return None if is_empty else Field(name, kind, numbers=numbers)
    texts = [_text(value) for value in column]
    return text_field(name, kind, texts) if any(texts) else None


def _number(value: float) -> float | None:
    """The number as JSON can have it: whole ones as such, None for NaN and infinity."""
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def _text(value: object) -> str:
    is_nan = isinstance(value, float) and math.isnan(value)
    return "" if is_nan or value in EMPTY else str(value)
