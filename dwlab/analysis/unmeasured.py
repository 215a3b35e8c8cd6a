"""Columns that were measured before a sweep had all its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..metrics.metric import Scope
from ..metrics.registry import scope_of
from ..runs.results import MEASURED
from ..spec.table_columns import PARAMETERS
from .metric_columns import numbers
from .optional_columns import statuses

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd


def unmeasured(table: pd.DataFrame) -> Iterator[str]:
    """A sentence for each metric of finished pictures that some finished pictures lack.

    Pictures that have no value for a good reason do not count: references, and single seeds.
    """
    is_finished = [status == "ok" for status in statuses(table)]
    finished = table[is_finished]
    for name in map(str, table.columns):
        scope = _scope_of(table, name)
        if scope is None or scope is Scope.REFERENCE:
            continue
        pictures = _with_siblings(finished) if scope is Scope.SEEDS else finished
        missing = int(numbers(pictures, name).isna().sum())
        if missing:
            yield _sentence(name, scope, missing, len(pictures))


def _scope_of(table: pd.DataFrame, column: str) -> Scope | None:
    """What a column was measured with; None for one that is not of finished pictures."""
    own = (table.attrs.get(MEASURED) or {}).get(column)
    if own:
        return Scope.REFERENCE if own.get("compares") else Scope.ALONE
    return scope_of(column)


def _with_siblings(table: pd.DataFrame) -> pd.DataFrame:
    """The pictures from which others differ only in seed."""
    same = [name for name in PARAMETERS if name in table.columns and name != "seed"]
    if not same:
        return table
    return table[table[same].astype(str).duplicated(keep=False)]


def _sentence(name: str, scope: Scope, missing: int, pictures: int) -> str:
    text = f"{missing:,} of {pictures:,} pictures have no {name}"
    if scope is not Scope.ALONE:
        text += ", and that of the others may be out of date, because it compares them"
    return f"{text}; measure it again with dwlab metrics"
