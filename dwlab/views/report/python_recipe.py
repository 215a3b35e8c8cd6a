"""The Python call that makes a picture of a table again."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from ..._util.jsonfile import object_in
from ...spec.names import CODE, LISTS, MAPS, PARTS
from ...spec.table_columns import COLUMN_NAMES, OF_METHODS, PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

# the prompt comes first; maps and lists are JSON in a table
_WITHOUT_COLUMN = ("prompt", *MAPS, *LISTS, *PARTS, *CODE, *OF_METHODS)


# columns that are not called like their parameter
_FIELDS = {column: name for name, column in COLUMN_NAMES.items()}


def recipe(row: Mapping[Hashable, object]) -> str:
    """The call for a row.

    It is in Python's own quoting: no prompt can leave its string, and hidden characters show.
    """
    arguments = [repr(str(row.get("prompt", "")))]
    arguments += [f"{name}={value!r}" for name, value in recipe_values(row).items()]
    return f"dwlab.generate({', '.join(arguments)}){_method_note(row)}"


def _method_note(row: Mapping[Hashable, object]) -> str:
    """A comment if a method made the row's picture, of which a table has only the name."""
    # beside others of its name it has digits of its code behind it
    name = str(row.get("method")).partition(" ")[0]
    code = row.get("method_code")
    is_named = name.isidentifier() and isinstance(code, str) and code
    return f"  # made by the method {name}, code {code}" if is_named else ""


def recipe_values(row: Mapping[Hashable, object]) -> dict[str, object]:
    """The parameters of a row besides its prompt, by name; empty ones are left out."""
    values = {name: row.get(name) for name in PARAMETERS if name not in _WITHOUT_COLUMN}
    values = {_FIELDS.get(name, name): value for name, value in values.items()}
    for name in MAPS:
        values[name] = object_in(row.get(name))
    for name in (*LISTS, *PARTS):
        values[name] = _value_in(row.get(name))
    plain = {name: _plain(value) for name, value in values.items()}
    return {name: value for name, value in plain.items() if not _is_empty(value)}


def _plain(value: object) -> object:
    """The value as Python's own type."""
    return value.item() if hasattr(value, "item") else value


def _value_in(text: object) -> object:
    """The value in a column's JSON; None if the table has none."""
    return json.loads(text) if isinstance(text, str) and text else None


def _is_empty(value: object) -> bool:
    is_nan = isinstance(value, float) and math.isnan(value)
    return is_nan or value is None or value in ("", {}, [])
