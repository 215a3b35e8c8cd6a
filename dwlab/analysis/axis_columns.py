"""The value of each row on an axis, also if no column has the name of the axis."""

from __future__ import annotations

import functools
import json
import math
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._util.checks import is_number
from .._util.jsonfile import object_in
from ..errors import InvalidInput
from ..spec import accelerate, components, inputs, list_values, schedulers
from ..spec.names import PARTS
from ..spec.own_code import recipe as methods
from ..spec.prompt_text import stripped
from ..spec.table_columns import METHOD_PARAMETERS, PARAMETERS
from .labels import label
from .list_labels import LIST_LABELS, list_in

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    Row = Mapping[Hashable, object]

# columns of pictures that cells start from
INPUTS = ("input_image", "mask")
HASH_SHOWN = 10  # digits


@dataclass(frozen=True, eq=False)
class CodedColumn:
    """A column as its values, each once, and the position in them of each row's value.

    Rows may be many while values are few, so only positions are worked with. None is a gap.
    """

    values: list[Hashable]
    codes: pd.Series

    @classmethod
    def of(cls, values: Iterable[Hashable], codes: pd.Series) -> CodedColumn:
        """The column without values that are equal, and without those that no row has."""
        labels = list(values)
        used = np.zeros(len(labels), dtype=bool)
        used[codes.to_numpy()] = True
        position_of: dict[Hashable, int] = {}
        moved = np.zeros(len(labels), dtype=np.int64)
        for position in np.flatnonzero(used):
            moved[position] = position_of.setdefault(labels[position], len(position_of))
        return cls(list(position_of), _series(moved, codes))

    def in_order(self, values: Sequence[Hashable]) -> pd.Series:
        """The position of each row's value in `values`, which has all of them."""
        position_of = {value: position for position, value in enumerate(values)}
        moved = np.array([position_of[value] for value in self.values], dtype=np.int64)
        return _series(moved, self.codes)

    @property
    def column(self) -> pd.Series:
        """Each row's value."""
        return taken(self.values, self.codes)


def _series(moved: np.ndarray, codes: pd.Series) -> pd.Series:
    """The new positions of rows. moved: by old position."""
    return pd.Series(moved[codes.to_numpy()], index=codes.index)


def axis_column(table: pd.DataFrame, name: str, declared: Sequence[object]) -> CodedColumn | None:
    """Each row's value on an axis; None if the table does not have it.

    declared: the values of the sweep, from which the templates of prompts are known.
    """
    if name == "scheduler" and {"scheduler", "scheduler_options"} <= set(table.columns):
        return _schedulers(table)
    if name == "prompt" and _has_templates(table, declared):
        return _templates(table, [str(value) for value in declared])
    if name in LIST_LABELS and name in table.columns:
        return _mapped(table[name], lambda text: LIST_LABELS[name](list_in(text)))
    if name in PARTS and name in table.columns:
        return _mapped(table[name], functools.partial(_part_label, name))
    if name == accelerate.FIELD and name in table.columns:
        return _mapped(table[name], lambda text: accelerate.label(_accelerate_in(text)))
    if name in INPUTS and name in table.columns:
        return _mapped(table[name], _picture_labels(table))
    if name in table.columns:
        return _mapped(table[name], _plain)
    return _part_of_map(table, name)


def _mapped(column: pd.Series, label_of: Callable[[object], Hashable]) -> CodedColumn:
    """What a function makes of each value; gaps are None."""
    try:
        codes, distinct = pd.factorize(column)
    # lists and maps
    except TypeError:
        every_row = pd.Series(range(len(column)), index=column.index)
        return CodedColumn.of(map(label_of, column), every_row)
    # code -1 is a gap, and the last value
    values = [*map(label_of, distinct), label_of(None)]
    codes[codes < 0] = len(distinct)
    return CodedColumn.of(values, pd.Series(codes, index=column.index))


def taken(values: Sequence[Hashable], codes: pd.Series) -> pd.Series:
    """The value at each of the positions `codes`."""
    array = np.empty(len(values), dtype=object)
    # one by one: numpy would make tuples a second dimension
    for position, value in enumerate(values):
        array[position] = value
    return pd.Series(array[codes.to_numpy()], index=codes.index, dtype=object)


def _picture_labels(table: pd.DataFrame) -> Callable[[object], Hashable]:
    """What people read for a picture that cells start from: its file's name, or its hash's start."""
    labels: dict[str, str] = table.attrs.get("pictures") or {}

    def label_of(path: object) -> Hashable:
        if not isinstance(path, str) or not path:
            return None
        return labels.get(path) or PurePosixPath(path).stem[:HASH_SHOWN]

    return label_of


def _pictures_label(table: pd.DataFrame, references: object) -> Hashable:
    """The same for the pictures within an entry of a list, which a recipe names by hashes."""
    label_of = _picture_labels(table)
    names = str(references or "").split(", ")
    return ", ".join(str(label_of(inputs.stored_path(name))) for name in names if name) or None


def ordered_values(
    name: str, present: Sequence[Hashable], values: Sequence[object]
) -> list[Hashable]:
    """The values in a column: those that the sweep declares in its order, then the others."""
    in_column = set(present)
    declared = dict.fromkeys(value_in_table(name, value) for value in values)
    first = [value for value in declared if value in in_column]
    others = [value for value in present if value not in declared]
    numbers = [value for value in others if is_number(value)]
    if len(numbers) == len(others):
        return [*first, *sorted(numbers)]
    return first + others


def value_in_table(name: str, value: object) -> Hashable:
    """A value of an axis as people write it, in the form that the axis' column has."""
    if name in ("loras", "embeddings", "refiner"):
        return LIST_LABELS[name](value)
    if name in PARTS or name.startswith("components."):
        return components.label(name, value)
    if name == methods.FIELD:
        return methods.label(value)
    if name == accelerate.FIELD:
        return accelerate.label(accelerate.checked(name, value))
    holder, _, accelerator = name.partition(".")
    if holder == accelerate.FIELD:
        return accelerate.axis_value(accelerator, accelerate.checked(holder, {accelerator: value}))
    if name != "scheduler":
        return _plain(value)
    try:
        scheduler, options = schedulers.resolve(str(value))
    except InvalidInput:
        return _scheduler_label(str(value), {})
    return _scheduler_label(scheduler, dict(options))


def _schedulers(table: pd.DataFrame) -> CodedColumn:
    def label_of(row: Row) -> str:
        return _scheduler_label(str(row["scheduler"]), object_in(row["scheduler_options"]))

    return _mapped_rows(table[["scheduler", "scheduler_options"]], label_of)


def _mapped_rows(rows: pd.DataFrame, label_of: Callable[[Row], Hashable]) -> CodedColumn:
    """What a function makes of each different row."""
    # one column after the other: grouping by several texts at once takes four times as long
    codes = np.zeros(len(rows), dtype=np.int64)
    for name in rows.columns:
        own, distinct = pd.factorize(rows[name], use_na_sentinel=False)
        codes, _ = pd.factorize(codes * len(distinct) + own)
    _, firsts = np.unique(codes, return_index=True)
    examples = rows.iloc[firsts].to_dict("records")
    return CodedColumn.of(map(label_of, examples), pd.Series(codes, index=rows.index))


def _scheduler_label(name: str, options: dict[str, object]) -> str:
    """A scheduler as other tools call it; a class without such a name shows its options too."""
    shown = schedulers.display_name(name, options)
    if shown == name and options:
        return f"{name} {json.dumps(options, sort_keys=True)}"
    return shown


def _part_label(name: str, text: object) -> str:
    """Parts from elsewhere as people read them; text: the JSON of a table."""
    return components.label(name, json.loads(text) if isinstance(text, str) and text else None)


def _accelerate_in(text: object) -> accelerate.Accelerate:
    """The accelerators in the JSON of a table; none for a cell without any."""
    return accelerate.checked(accelerate.FIELD, object_in(text))


def _has_templates(table: pd.DataFrame, values: Sequence[object]) -> bool:
    """Whether the sweep's prompts have placeholders: the table has the texts that they made."""
    return bool(values) and "prompt" in table and not set(table["prompt"].unique()) <= set(values)


def _templates(table: pd.DataFrame, templates: list[str]) -> CodedColumn:
    """Each row's prompt template: the one that makes its prompt once it is filled in."""
    axes = table.attrs.get("axes") or {}
    axis_names = [name for name in table.columns if name in axes]
    placeholders = [name for name in axis_names if name not in PARAMETERS]

    def template_of(row: Row) -> str:
        return _template_of(row, templates, placeholders)

    return _mapped_rows(table[["prompt", *placeholders]], template_of)


def _template_of(row: Row, templates: list[str], placeholders: list[str]) -> str:
    """The template of a row's prompt; the prompt itself if none makes it."""
    for template in templates:
        prompt = template
        for name in placeholders:
            prompt = prompt.replace(f"{{{name}}}", label(row[name]))
        if stripped(prompt) == row["prompt"]:
            return template
    return str(row["prompt"])


def _part_of_map(table: pd.DataFrame, name: str) -> CodedColumn | None:
    """Each row's value of `call.eta` or `scheduler_options.beta_start`."""
    holder, _, field = name.partition(".")
    if holder == methods.FIELD:
        holder = METHOD_PARAMETERS
    if not field or holder not in table.columns:
        return None
    if holder in list_values.NAMES:
        return _mapped(table[holder], functools.partial(_part_of_list, table, holder, name))
    if holder == accelerate.FIELD:
        return _mapped(
            table[holder], lambda text: accelerate.axis_value(field, _accelerate_in(text))
        )
    if holder == "components":
        return _mapped(
            table[holder], lambda text: components.label(name, object_in(text).get(field))
        )
    return _mapped(table[holder], lambda text: _plain(object_in(text).get(field)))


def _part_of_list(table: pd.DataFrame, holder: str, name: str, text: object) -> Hashable:
    """The value of an axis like `loras.style.weight` in the JSON of a list."""
    value = list_values.values_by_axis(holder, list_in(text)).get(name)
    return _pictures_label(table, value) if inputs.is_picture(name) else value


def _plain(value: object) -> Hashable:
    """The value as Python's own type; lists and maps as JSON, and None for a gap."""
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    plain: Hashable = value.item() if hasattr(value, "item") else value
    is_gap = isinstance(plain, float) and math.isnan(plain)
    return None if is_gap else plain
