"""The axes of a table: what varies in it, in which order, and how values are written."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._util.checks import is_number
from .._util.isolated import isolated
from .._util.jsonfile import object_in
from ..errors import InvalidInput
from ..spec import checkpoint_axes, checkpoint_files
from ..spec.content import is_content
from ..spec.names import TEXTS, own_name
from ..spec.prompt_text import stripped
from ..spec.table_columns import PARAMETERS
from .axis_columns import axis_column, ordered_values, taken
from .labels import label

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Sequence

SEED = ("seed",)


@dataclass(frozen=True, eq=False)
class Axis:
    """One direction of a sweep.

    names: one, or several if they move together (a zip group). values: in the sweep's order;
    tuples for a zip group. codes: the position of each row's value in `values`; pandas cannot group
    by tuples.
    """

    names: tuple[str, ...]
    values: list[Hashable]
    codes: pd.Series

    @property
    def name(self) -> str:
        """The axis' name, or the names of a zip group joined."""
        return " + ".join(self.names)

    @property
    def numeric(self) -> bool:
        """Whether a plot can have it as an axis of numbers; seeds are names, not amounts."""
        return self.names != SEED and all(is_number(value) for value in self.values)

    @property
    def numbers(self) -> list[float]:
        """The values of a numeric axis."""
        return [float(value) for value in self.values if is_number(value)]

    @property
    def of_content(self) -> bool:
        """Whether it says what is drawn (prompt, placeholder, seed) rather than how."""
        return any(map(is_content, self.names))

    @functools.cached_property
    def column(self) -> pd.Series:
        """Each row's value."""
        return taken(self.values, self.codes)

    def label(self, value: Hashable) -> str:
        """One of the values as text; two that read alike ("" and "none") show their code too."""
        text = _joined_labels(value)
        return f"{text} ({value!r})" if self._label_counts[text] > 1 else text

    def in_words(self, value: Hashable) -> str:
        """One of the values as text within a sentence, whose direction it does not change."""
        return isolated(self.label(value))

    @functools.cached_property
    def _label_counts(self) -> Counter[str]:
        return Counter(_joined_labels(value) for value in self.values)

    def named(self, value: Hashable) -> str:
        """One of the values with its name: `steps 8`, or `steps 8, guidance 4` for a zip group."""
        pairs = zip(self.names, _parts(value), strict=True)
        return ", ".join(f"{isolated(name)} {isolated(label(part))}" for name, part in pairs)


def _parts(value: Hashable) -> tuple[Hashable, ...]:
    return value if isinstance(value, tuple) else (value,)


def _joined_labels(value: Hashable) -> str:
    return " · ".join(label(part) for part in _parts(value))


def swept(table: pd.DataFrame) -> list[Axis]:
    """The axes that vary in `table`, those that move together joined into one.

    Without `attrs["axes"]` (the whole store) they are the parameters that differ between rows.
    """
    return _joined(_without_paths_of_checkpoints(varying(table)))


def paths_of_checkpoints(table: pd.DataFrame) -> set[str]:
    """The names of the axes whose values are told by the numbers of checkpoints."""
    axes = varying(table)
    return {axis.name for axis in axes} - {
        axis.name for axis in _without_paths_of_checkpoints(axes)
    }


def varying(table: pd.DataFrame, also: Collection[str] = ()) -> list[Axis]:
    """The axes that vary in `table`, each for itself. also: names that need not vary."""
    declared = _declared(table) or _parameters(table)
    always = {own_name(name) for name in also}
    axes = []
    for name, values in declared.items():
        column = axis_column(table, name, values)
        # no value is a value too: a sweep may have pictures with and without it
        if column is not None and (name in always or len(column.values) > 1):
            ordered = ordered_values(name, column.values, values)
            axes.append(Axis((name,), ordered, column.in_order(ordered)))
    return axes


def named_values(table: pd.DataFrame, name: str) -> pd.Series | None:
    """Each row's value of a parameter, an axis or another column; None without such a one."""
    column = axis_column(table, name, _declared(table).get(name, []))
    return None if column is None else column.column


def constants(table: pd.DataFrame) -> dict[str, str]:
    """The parameters that are the same in every row, as text; empty ones are left out."""
    texts = {}
    for name in PARAMETERS:
        column = axis_column(table, name, [])
        # a gap is no other value
        if column is not None and len(column.values) == 1 + (None in column.values):
            value = column.values[0]
            if value not in (None, "", "{}"):
                texts[name] = label(value)
    return texts


def _declared(table: pd.DataFrame) -> dict[str, list[object]]:
    """The values of the sweep's axes as the table has them, by dwlab's own names."""
    declared = {}
    for name, values in (table.attrs.get("axes") or {}).items():
        own = own_name(name)
        declared[own] = list(values)
        if own in TEXTS:
            declared[own] = [stripped(str(text)) for text in values]
    return declared


def _parameters(table: pd.DataFrame) -> dict[str, list[object]]:
    """The names of all parameters, with each argument in `call` for itself."""
    names: dict[str, list[object]] = {}
    for name in PARAMETERS:
        fields = _fields(table, name) if name == "call" else []
        for each in fields or [name]:
            names[each] = []
    return names


def _fields(table: pd.DataFrame, name: str) -> list[str]:
    """The dotted names of what stands in a column of maps."""
    if name not in table.columns:
        return []
    fields = {field for text in table[name].unique() for field in object_in(text)}
    return [f"{name}.{field}" for field in sorted(fields)]


def _without_paths_of_checkpoints(axes: list[Axis]) -> list[Axis]:
    """The axes without those whose values are told by the numbers of checkpoints."""
    numbers: dict[str, list[Axis]] = {}
    for axis in axes:
        if checkpoint_axes.is_added(axis.name):
            numbers.setdefault(checkpoint_axes.suffix_of(axis.name), []).append(axis)
    return [axis for axis in axes if not _is_path_of(axis, numbers.values())]


def _is_path_of(axis: Axis, numbers: Iterable[list[Axis]]) -> bool:
    """Whether an axis has checkpoints, and numbers tell which one each row has."""
    if not checkpoint_files.takes_checkpoints(axis.name):
        return False
    return any(_is_told_by(axis, _zipped(group)) for group in numbers)


def _is_told_by(axis: Axis, other: Axis) -> bool:
    """Whether each value of the other axis stands beside one value of this one."""
    return len(_pairs(other, axis)) == len(other.values)


def _zipped(axes: list[Axis]) -> Axis:
    """Several axes as one, with the combinations of values that some row has."""
    first, *others = axes
    for other in others:
        pairs = _pairs(first, other)
        position_of = {tuple(pair): position for position, pair in enumerate(pairs.tolist())}
        rows = zip(first.codes, other.codes, strict=True)
        codes = pd.Series([position_of[pair] for pair in rows], index=first.codes.index)
        values: list[Hashable] = [
            (*_parts(first.values[at]), other.values[beside]) for at, beside in pairs
        ]
        first = Axis((*first.names, *other.names), values, codes)
    return first


def _joined(axes: list[Axis]) -> list[Axis]:
    """The axes, with those that determine each other joined into one."""
    joined: list[Axis] = []
    for axis in axes:
        partner = next((other for other in joined if _move_together(other, axis)), None)
        if partner is None:
            joined.append(axis)
        else:
            joined[joined.index(partner)] = _zip_group(partner, axis)
    return joined


def _move_together(first: Axis, second: Axis) -> bool:
    """Whether each value of one axis stands beside exactly one value of the other."""
    if len(first.values) != len(second.values):
        return False
    return len(_pairs(first, second)) == len(first.values)


def _pairs(first: Axis, second: Axis) -> np.ndarray:
    """The pairs of values that some row has: (pairs, 2) positions on the axes."""
    pairs = first.codes.to_numpy() * len(second.values) + second.codes.to_numpy()
    return np.stack(np.divmod(np.unique(pairs), len(second.values)), axis=1)


def _zip_group(first: Axis, second: Axis) -> Axis:
    values: list[Hashable] = [
        (*_parts(first.values[at]), second.values[beside]) for at, beside in _pairs(first, second)
    ]
    return Axis(names=(*first.names, *second.names), values=values, codes=first.codes)


def named_axis(field: str, name: object, axes: Sequence[Axis]) -> Axis:
    """The axis with this name, or the zip group that contains it.

    Raises InvalidInput for `field` if there is none.
    """
    for axis in axes:
        if name == axis.name or name in axis.names:
            return axis
    known = ", ".join(axis.name for axis in axes) or "(none does)"
    raise InvalidInput(field, name, f"an axis that varies: {known}")
