"""Parts of a table: the rows that conditions leave, and the columns that are named."""

from __future__ import annotations

import math
import operator
import re
from typing import TYPE_CHECKING

import pandas as pd

from .._util.checks import is_number
from ..errors import InvalidInput
from ..spec.names import own_name
from .axes import named_values, swept
from .labels import label
from .metric_columns import metrics_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    # `steps=5`, or {"steps": 5} for values that are equal
    Conditions = Sequence[str] | Mapping[str, object]
    Test = Callable[[Hashable], bool]

FORM = (
    'name=value, with =, !=, <, <=, >, >= or ~ (has the text) between them, as in "steps<=10" or '
    '"prompt~circle"'
)
CHOSEN = "chosen"  # in the attrs of a table of which somebody chose the columns
VALUES_NAMED = 12  # in an error
_CONDITION = re.compile(r"\s*([^=!<>~]+?)\s*(!=|<=|>=|=|<|>|~)\s*(.*?)\s*", re.DOTALL)
_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def selected(table: pd.DataFrame, where: Conditions = ()) -> pd.DataFrame:
    """The rows of a table for which all conditions hold.

    where: texts like `steps=5`, `scheduler!=DDIM`, `adherence>0.9` or `prompt~circle`, or a map of
    names to values. Names are those of axes and of columns; values are written as reports show
    them. Several `=` for one name are alternatives. Raises InvalidInput for an unknown name, for a
    value that no row has, and if no row is left.
    """
    alternatives: dict[str, pd.Series] = {}
    chosen = pd.Series(True, index=table.index)
    for name, relation, value in _parsed(where):
        column = _column(table, name)
        rows = _rows(name, column, relation, value)
        if relation == "=":
            earlier = alternatives.get(name)
            alternatives[name] = rows if earlier is None else earlier | rows
        else:
            chosen &= rows
    for rows in alternatives.values():
        chosen &= rows
    if not chosen.any() and len(table):
        raise InvalidInput("where", _shown(where), "conditions that leave some row")
    return table if chosen.all() else table[chosen]


def with_columns(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The table with these columns alone, in this order; all of them if none is named.

    names: of columns and of axes such as `call.eta`. Raises InvalidInput for an unknown name.
    """
    if not names:
        return table
    columns = {name: _column(table, name, "columns", as_stored=True) for name in names}
    part = table.iloc[:, :0].copy()
    for name, column in columns.items():
        part[name] = column
    part.attrs[CHOSEN] = True
    return part


def _parsed(where: Conditions) -> list[tuple[str, str, str]]:
    """Names, relations and values."""
    if not isinstance(where, str) and hasattr(where, "items"):
        return [(own_name(name), "=", label(value)) for name, value in where.items()]
    conditions = []
    for text in [where] if isinstance(where, str) else where:
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise InvalidInput("where", text, FORM)
        conditions.append((own_name(match[1]), match[2], match[3]))
    return conditions


def _shown(where: Conditions) -> str:
    return where if isinstance(where, str) else ", ".join(map(str, where))


def _column(
    table: pd.DataFrame, name: str, field: str = "where", *, as_stored: bool = False
) -> pd.Series:
    """The values of a column or of an axis, as people read them or as the table has them."""
    if as_stored and name in table.columns:
        return table[name]
    column = named_values(table, name)
    if column is None:
        axes = [axis_name for axis in swept(table) for axis_name in axis.names]
        known = ", ".join(dict.fromkeys([*axes, *metrics_of(table)]))
        raise InvalidInput(field, name, f"an axis, a metric or another column: {known}, ...")
    return column


def _rows(name: str, column: pd.Series, relation: str, value: str) -> pd.Series:
    """Whether the condition holds, for each row."""
    if relation in _ORDERS:
        limit = _number(value)
        if limit is None:
            raise InvalidInput("where", f"{name}{relation}{value}", "a number to compare with")
        numbers = pd.to_numeric(column, errors="coerce").astype(float)
        rows: pd.Series = _ORDERS[relation](numbers, limit)
        return rows
    if relation == "~":
        return _where(column, lambda each: value.casefold() in label(each).casefold())
    rows = _where(column, lambda each: _is_equal(each, value))
    if not rows.any():
        values = list(dict.fromkeys(label(each) for each in column.unique()))
        known = ", ".join(values[:VALUES_NAMED])
        more = ", ..." if len(values) > VALUES_NAMED else ""
        raise InvalidInput("where", f"{name}{relation}{value}", f"a value of {name}: {known}{more}")
    return ~rows if relation == "!=" else rows


def _where(column: pd.Series, test: Test) -> pd.Series:
    """Whether each value passes a test, which is done once for equal ones."""
    passing = [value for value in column.unique() if test(value)]
    # a gap is equal to no other
    rows = column.isin([value for value in passing if value is not None])
    return rows | column.isna() if None in passing else rows


def _is_equal(each: Hashable, value: str) -> bool:
    if value in (str(each), label(each)):
        return True
    number = _number(value)
    return number is not None and is_number(each) and float(each) == number


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number
