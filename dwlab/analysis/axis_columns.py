"""The value of each row on an axis, also if no column has the name of the axis."""

from __future__ import annotations

import json
import math
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pandas as pd

from .._util.checks import is_number
from .._util.jsonfile import object_in
from ..errors import InvalidInput
from ..spec import components, inputs, list_values, schedulers
from ..spec.names import PARTS
from ..spec.prompt_text import stripped
from ..spec.table_columns import PARAMETERS
from .labels import label
from .list_labels import LIST_LABELS, list_in

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence


# columns of pictures that cells start from
INPUTS = ("input_image", "mask")
HASH_SHOWN = 10  # digits


def axis_column(table: pd.DataFrame, name: str, declared: Sequence[object]) -> pd.Series | None:
    """Each row's value on an axis; None if the table does not have it.

    declared: the values of the sweep, from which the templates of prompts are known.
    """
    if name == "scheduler" and {"scheduler", "scheduler_options"} <= set(table.columns):
        return _schedulers(table)
    if name == "prompt" and _has_templates(table, declared):
        return _templates(table, [str(value) for value in declared])
    if name in LIST_LABELS and name in table.columns:
        return table[name].map(lambda text: LIST_LABELS[name](list_in(text))).astype(object)
    if name in PARTS and name in table.columns:
        return table[name].map(lambda text: _part_label(name, text)).astype(object)
    if name in table.columns:
        values = [_plain(value) for value in table[name]]
        if name in INPUTS:
            label_of = _picture_labels(table)
            values = [label_of(value) for value in values]
        # pandas would make numbers of None
        return pd.Series(values, index=table.index, dtype=object)
    return _part_of_map(table, name)


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


def ordered_values(name: str, column: pd.Series, values: Sequence[object]) -> list[Hashable]:
    """The values in a column: those that the sweep declares in its order, then the others."""
    present = list(column.unique())
    declared = dict.fromkeys(value_in_table(name, value) for value in values)
    first = [value for value in declared if value in present]
    others = [value for value in present if value not in first]
    if all(is_number(value) for value in others):
        others.sort()
    return first + others


def value_in_table(name: str, value: object) -> Hashable:
    """A value of an axis as people write it, in the form that the axis' column has."""
    if name in ("loras", "embeddings", "refiner"):
        return LIST_LABELS[name](value)
    if name in PARTS or name.startswith("components."):
        return components.label(name, value)
    if name != "scheduler":
        return _plain(value)
    try:
        scheduler, options = schedulers.resolve(str(value))
    except InvalidInput:
        return _scheduler_label(str(value), {})
    return _scheduler_label(scheduler, dict(options))


def _schedulers(table: pd.DataFrame) -> pd.Series:
    pairs = zip(table["scheduler"], table["scheduler_options"], strict=True)
    labels = [_scheduler_label(str(name), object_in(options)) for name, options in pairs]
    return pd.Series(labels, index=table.index, dtype=object)


def _scheduler_label(name: str, options: dict[str, object]) -> str:
    """A scheduler as other tools call it; a class without such a name shows its options too."""
    shown = schedulers.display_name(name, options)
    if shown == name and options:
        return f"{name} {json.dumps(options, sort_keys=True)}"
    return shown


def _part_label(name: str, text: object) -> str:
    """Parts from elsewhere as people read them; text: the JSON of a table."""
    return components.label(name, json.loads(text) if isinstance(text, str) and text else None)


def _has_templates(table: pd.DataFrame, values: Sequence[object]) -> bool:
    """Whether the sweep's prompts have placeholders: the table has the texts that they made."""
    return bool(values) and "prompt" in table and not set(table["prompt"]) <= set(values)


def _templates(table: pd.DataFrame, templates: list[str]) -> pd.Series:
    """Each row's prompt template: the one that makes its prompt once it is filled in."""
    axes = table.attrs.get("axes") or {}
    axis_names = [name for name in table.columns if name in axes]
    placeholders = [name for name in axis_names if name not in PARAMETERS]
    rows = table.to_dict("records")
    row_templates = [_template_of(row, templates, placeholders) for row in rows]
    return pd.Series(row_templates, index=table.index, dtype=object)


def _template_of(
    row: Mapping[Hashable, object], templates: list[str], placeholders: list[str]
) -> str:
    """The template of a row's prompt; the prompt itself if none makes it."""
    for template in templates:
        prompt = template
        for name in placeholders:
            prompt = prompt.replace(f"{{{name}}}", label(row[name]))
        if stripped(prompt) == row["prompt"]:
            return template
    return str(row["prompt"])


def _part_of_map(table: pd.DataFrame, name: str) -> pd.Series | None:
    """Each row's value of `call.eta` or `scheduler_options.beta_start`."""
    holder, _, field = name.partition(".")
    if not field or holder not in table.columns:
        return None
    if holder in list_values.NAMES:
        values = [
            list_values.values_by_axis(holder, list_in(text)).get(name) for text in table[holder]
        ]
        if inputs.is_picture(name):
            values = [_pictures_label(table, value) for value in values]
        return pd.Series(values, index=table.index, dtype=object)
    if holder == "components":
        parts = table[holder].map(lambda text: object_in(text).get(field))
        return parts.map(lambda part: components.label(name, part)).astype(object)
    return table[holder].map(lambda text: _plain(object_in(text).get(field))).astype(object)


def _plain(value: object) -> Hashable:
    """The value as Python's own type; lists and maps as JSON, and None for a gap."""
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    plain: Hashable = value.item() if hasattr(value, "item") else value
    is_gap = isinstance(plain, float) and math.isnan(plain)
    return None if is_gap else plain
