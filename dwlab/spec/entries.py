"""Entries of a recipe's lists, like LoRAs and ControlNets: maps that become small classes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from ..errors import InvalidInput

Entry = TypeVar("Entry")


def checked_map(field: str, entry: object, cls: type, example: str) -> Mapping[str, Any]:
    """Return `entry`, a map with the names of a dataclass's fields.

    field: the entry's name in the recipe, like `loras[0]`. Raises InvalidInput for anything else.
    """
    if not isinstance(entry, Mapping):
        raise InvalidInput(field, entry, f"a map like {example}")
    known = [each.name for each in fields(cls)]
    for name, value in entry.items():
        if name not in known:
            raise InvalidInput(f"{field}.{name}", value, f"one of {', '.join(known)}")
    return entry


def check_distinct(field: str, name: str, values: Sequence[str], allowed: str) -> None:
    """Raise InvalidInput for the first of several entries' values of `name` that occurs twice."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            raise InvalidInput(f"{field}[{index}].{name}", value, allowed)
        seen.add(value)


def is_portable(entry: object, shipped: Collection[str] = ()) -> bool:
    """Whether a picture may say this of a file: its hash, or where it is on the hub, but no path.

    shipped: names of files that come with dwlab.
    """
    if not isinstance(entry, Mapping):
        return False
    file = entry.get("file")
    return not file or bool(entry.get("hub")) or file in shipped


def build(field: str, cls: type[Entry], values: Mapping[str, Any]) -> Entry:
    """Make an entry of its values; its errors name the field with the entry before it."""
    try:
        return cls(**values)
    except InvalidInput as error:
        raise error.at(f"{field}.{error.field}") from None
