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


def numbered(
    field: str, axis: str, value: object, count: int, attributes: Sequence[str]
) -> tuple[int, str]:
    """Which of `count` entries, and which of its attributes, the rest of a dotted name means.

    axis: like `scale`, or `1.scale` for the second entry. value: for the error. Raises InvalidInput.
    """
    number, _, attribute = axis.rpartition(".")
    number = number or "0"
    index = int(number) if number.isdecimal() and len(number) < 4 else count
    if index >= count or attribute not in attributes:
        allowed = f"{field}.NAME or {field}.NUMBER.NAME, NAME one of {', '.join(attributes)}"
        raise InvalidInput(f"{field}.{axis}", value, f"a value of one of {field}: {allowed}")
    return index, attribute


def values_by_number(
    field: str, entries: Sequence[object], attributes: Sequence[str]
) -> dict[str, object]:
    """The attributes of each entry by the names of their axes, like `control.1.scale`."""
    values: dict[str, object] = {}
    for index, entry in enumerate(entries):
        for name in attributes:
            values[f"{field}.{index}.{name}"] = getattr(entry, name)
    if len(entries) == 1:
        values |= {f"{field}.{name}": getattr(entries[0], name) for name in attributes}
    return values


def build(field: str, cls: type[Entry], values: Mapping[str, Any]) -> Entry:
    """Make an entry of its values; its errors name the field with the entry before it."""
    try:
        return cls(**values)
    except InvalidInput as error:
        raise error.at(f"{field}.{error.field}") from None
