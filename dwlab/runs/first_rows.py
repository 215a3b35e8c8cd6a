"""What is known of an experiment as a whole, for a table that has only its first rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..spec.table_columns import COLUMN_NAMES
from .cell_columns import axis_columns, distinct

if TYPE_CHECKING:
    from collections.abc import Sequence

WHOLE = "whole"  # in the attrs of a table of first rows


@dataclass(frozen=True)
class Whole:
    """An experiment as a whole.

    rows: how many its table has. failed: how many of these have no picture. varying: the axes that
    have several values, called like their columns.
    """

    rows: int
    failed: int
    varying: tuple[str, ...] = ()


def whole_of(outcomes: Sequence[tuple[str, str]]) -> Whole:
    """The experiment with these cells, each as its axes (JSON) and its status."""
    columns = axis_columns([axes for axes, _ in outcomes])
    # no value is a value too
    varying = [name for name, values in columns.items() if len(distinct(values)) > 1]
    return Whole(
        rows=len(outcomes),
        failed=sum(status != "ok" for _, status in outcomes),
        varying=tuple(COLUMN_NAMES.get(name, name) for name in varying),
    )
