"""The pictures that the values of an axis stand for, where cells start from pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..spec import inputs, list_values
from .axis_columns import INPUTS
from .list_labels import list_in

if TYPE_CHECKING:
    import pandas as pd

    from .axes import Axis


def picture_paths(table: pd.DataFrame, axis: Axis) -> list[str | None]:
    """Where the picture of each value of an axis lies, relative to the results folder.

    None for a value without a picture. Of a zip group with several pictures the first counts.
    """
    paths: list[str | None] = [None] * len(axis.values)
    columns = [_paths(table, name) for name in axis.names]
    column = next((column for column in columns if column is not None), None)
    if column is None:
        return paths
    for code, path in zip(axis.codes, column, strict=True):
        if isinstance(path, str):
            paths[code] = path
    return paths


def _paths(table: pd.DataFrame, name: str) -> list[object] | None:
    """The path of each row's picture on an axis; None for an axis of something else."""
    holder = name.partition(".")[0]
    if name in INPUTS and name in table.columns:
        return list(table[name])
    if holder not in table.columns or holder not in inputs.LISTS or not inputs.is_picture(name):
        return None
    entries = [list_values.values_by_axis(holder, list_in(text)) for text in table[holder]]
    # of several pictures in one place the first counts
    references = [str(values.get(name)).partition(", ")[0] for values in entries]
    return [inputs.stored_path(reference) for reference in references]
