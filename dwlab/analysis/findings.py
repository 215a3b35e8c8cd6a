"""What a finished sweep's table says: its axes, what each one does, and which settings come out on top."""

from __future__ import annotations

import functools
import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from .._util.checks import is_number
from .._util.jsonfile import object_in
from ..errors import InvalidInput
from ..spec import schedulers
from ..spec.names import SPELLINGS, TEXTS
from ..spec.prompt_text import stripped
from ..spec.table_columns import FIXED, PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence


@dataclass(frozen=True)
class Axis:
    """One direction of a sweep: its values in the sweep's order, and each row's value.

    Axes that move together (a zip group) are one Axis; its values are then tuples.
    """

    names: tuple[str, ...]
    values: list[Hashable]
    column: pd.Series

    @property
    def name(self) -> str:
        """The axis' name, or the names of a zip group joined."""
        return " + ".join(self.names)

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers that can be an axis of a plot (seeds are names, not amounts)."""
        return self.names != ("seed",) and all(is_number(v) for v in self.values)

    @property
    def of_content(self) -> bool:
        """Whether the axis says what is drawn (prompt, placeholder, seed) rather than how."""
        return any(
            n == "seed" or n.endswith("prompt") or (n not in PARAMETERS and "." not in n)
            for n in self.names
        )

    @property
    def codes(self) -> pd.Series:
        """Each row's value as its place in `values` (tuples confuse pandas' grouping and comparing)."""
        place = {value: k for k, value in enumerate(self.values)}
        return pd.Series([place[v] for v in self.column], index=self.column.index, dtype=int)

    def label(self, value: Hashable) -> str:
        """One of the axis' values as text; two that read alike, as 0.1234567 and 0.1234568, have their code beside it."""
        text = _joined(value)
        return f"{text} ({value!r})" if self._readings[text] > 1 else text

    @functools.cached_property
    def _readings(self) -> Counter[str]:
        return Counter(_joined(value) for value in self.values)

    def named(self, value: Hashable) -> str:
        """One of the axis' values with its name: `steps 8`, or `steps 8, guidance 4` for a zip group."""
        parts = value if isinstance(value, tuple) else (value,)
        return ", ".join(
            f"{name} {label(part)}" for name, part in zip(self.names, parts, strict=True)
        )


def _joined(value: Hashable) -> str:
    """A value, or those of a zip group, as text."""
    return " · ".join(label(part) for part in value) if isinstance(value, tuple) else label(value)


def label(value: object) -> str:
    """A parameter's value as people write it: 7 rather than 7.0, `none` for an empty one."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return "none"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def swept(table: pd.DataFrame) -> list[Axis]:
    """The axes that vary in `table`, those that move together merged.

    Without `attrs["axes"]` (the whole store) they are the parameters that differ between rows.
    """
    declared = {
        SPELLINGS.get(name, name): list(values)
        for name, values in (table.attrs.get("axes") or {}).items()
    }
    axes = []
    for name in declared.keys() & set(TEXTS):
        declared[name] = [stripped(str(text)) for text in declared[name]]  # as the table has them
    for name, values in (declared or {name: [] for name in PARAMETERS}).items():
        column = _column(table, name, values)
        if column is not None and column.nunique() > 1:
            axes.append(Axis((name,), _ordered(name, column, values), column))
    return _merged(axes)


def constants(table: pd.DataFrame) -> dict[str, str]:
    """The parameters that are the same in every row, as text; empty ones are left out."""
    found = {}
    for name in PARAMETERS:
        column = _column(table, name, ())
        if column is not None and column.nunique() == 1 and column.iloc[0] not in (None, "", "{}"):
            found[name] = label(column.iloc[0])
    return found


def metrics_of(table: pd.DataFrame) -> list[str]:
    """The metrics that have values, adherence first."""
    skip = {*FIXED, *(table.attrs.get("axes") or ())}
    found = [
        str(name)
        for name in table.columns
        if name not in skip
        and pd.api.types.is_numeric_dtype(table[name])
        and table[name].notna().any()
    ]
    return sorted(found, key=lambda name: name != "adherence")


def numbers(table: pd.DataFrame, metric: str) -> pd.Series:
    """A metric's column as floats, NaN where there is none; raises InvalidInput for an unknown metric."""
    if metric not in table.columns:
        raise InvalidInput(
            "metric",
            metric,
            f"one of {', '.join(metrics_of(table)) or '(no metrics in this table)'}",
        )
    return pd.to_numeric(table[metric], errors="coerce").astype(float)


def seconds_column(table: pd.DataFrame) -> str | None:
    """The column that says what a picture cost: its share of shared forwards where that was measured."""
    return next(
        (n for n in ("device_seconds", "seconds") if n in table and table[n].notna().any()), None
    )


def axis_effects(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The metric's mean for every value of every axis: columns axis, value, mean, spread, pictures.

    Seeds are averaged first; `spread` is the standard deviation between the settings behind a
    mean, or between its seeds where there is one setting only (NaN for a single picture).
    """
    axes, metric_values = swept(table), numbers(table, metric)
    rows = []
    for axis in axes:
        codes = axis.codes
        others = [a.codes for a in axes if a is not axis and a.names != ("seed",)]
        for k, value in enumerate(axis.values):
            chosen = metric_values[codes == k].dropna()
            settings = (
                chosen.groupby([c.loc[chosen.index] for c in others]).mean() if others else chosen
            )
            spread = (settings if len(settings) > 1 else chosen).std()
            rows.append((axis.name, axis.label(value), settings.mean(), spread, len(chosen)))
    return pd.DataFrame(rows, columns=["axis", "value", "mean", "spread", "pictures"])


def ranked_settings(table: pd.DataFrame, metric: str) -> list[tuple[str, float, int]]:
    """(setting, mean of the metric, pictures), best mean first.

    A setting is how pictures are made (steps, guidance, scheduler ...), averaged over prompts and
    seeds; in a sweep over prompts alone it is the prompt.
    """
    axes = swept(table)
    chosen = [a for a in axes if not a.of_content] or [a for a in axes if a.names != ("seed",)]
    values = numbers(table, metric).dropna()
    if not chosen or values.empty:
        return []
    groups: dict[tuple[int, ...], list[float]] = {}
    for value, *place in zip(values, *(a.codes.loc[values.index] for a in chosen), strict=True):
        groups.setdefault(tuple(place), []).append(value)
    found = []
    for where, group in groups.items():
        named = ", ".join(a.named(a.values[k]) for a, k in zip(chosen, where, strict=True))
        found.append((named, sum(group) / len(group), len(group)))
    return sorted(found, key=lambda s: -s[1])


def _column(table: pd.DataFrame, name: str, values: Sequence[Any]) -> pd.Series | None:
    """Each row's value on an axis, or None where the table does not have it."""
    if name == "scheduler" and "scheduler" in table and "scheduler_options" in table:
        pairs = zip(table["scheduler"], table["scheduler_options"], strict=True)
        return pd.Series([scheduler_label(s, o) for s, o in pairs], index=table.index, dtype=object)
    if (
        name == "prompt"
        and values
        and "prompt" in table
        and not set(table["prompt"]) <= set(values)
    ):
        return _templates(table, [str(v) for v in values])
    if name in table.columns:
        column = table[name].astype(object)
        return column.where(column.notna(), None).map(_plain)
    holder, _, field = name.partition(".")  # call.eta, scheduler_options.beta_start
    if field and holder in table.columns:
        return table[holder].map(lambda text: _plain(object_in(text).get(field))).astype(object)
    return None


def _templates(table: pd.DataFrame, templates: list[str]) -> pd.Series:
    """Each row's prompt template: the one that gives its prompt once the placeholders are filled in."""
    names = [
        n for n in table.columns if n in (table.attrs.get("axes") or {}) and n not in PARAMETERS
    ]

    def template(row: Any) -> str:
        for text in templates:
            filled = text
            for name in names:
                filled = filled.replace(f"{{{name}}}", label(row[name]))
            if stripped(filled) == row["prompt"]:
                return text
        return str(row["prompt"])

    return pd.Series(
        [template(row) for row in table.to_dict("records")], index=table.index, dtype=object
    )


def _ordered(name: str, column: pd.Series, values: Iterable[Any]) -> list[Hashable]:
    present = list(column.unique())
    wanted = [scheduler_label(*_resolved(v)) if name == "scheduler" else _plain(v) for v in values]
    declared = [v for v in dict.fromkeys(wanted) if v in present]
    rest = [v for v in present if v not in declared]
    if all(is_number(v) for v in rest):
        rest.sort()
    return declared + rest


def _merged(axes: list[Axis]) -> list[Axis]:
    """`axes` with those that determine each other joined into one."""
    merged: list[Axis] = []
    for axis in axes:
        for k, other in enumerate(merged):
            pairs = dict.fromkeys(zip(other.column, axis.column, strict=True))
            if len(pairs) == len(other.values) == len(axis.values):
                parts = [
                    (*(a if isinstance(a, tuple) else (a,)), b)
                    for a, b in zip(other.column, axis.column, strict=True)
                ]
                joined = dict(zip(other.column, parts, strict=True))
                column = pd.Series(parts, index=axis.column.index, dtype=object)
                merged[k] = Axis(
                    (*other.names, *axis.names), [joined[v] for v in other.values], column
                )
                break
        else:
            merged.append(axis)
    return merged


def _resolved(value: object) -> tuple[str, dict[str, object]]:
    try:
        name, options = schedulers.resolve(str(value))
        return name, dict(options)
    except InvalidInput:
        return str(value), {}


def scheduler_label(name: object, options: object) -> str:
    """A scheduler as other tools call it; `options` as a dict or its JSON text."""
    chosen = options if isinstance(options, dict) else object_in(options)
    shown = schedulers.display_name(str(name), chosen)
    return f"{shown} {json.dumps(chosen, sort_keys=True)}" if shown == name and chosen else shown


def _plain(value: Any) -> Hashable:
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    plain: Hashable = value.item() if hasattr(value, "item") else value
    return plain
