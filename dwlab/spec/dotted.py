"""Dotted names: `call.eta` is the value of `eta` in the map `call`."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import InvalidInput
from . import list_values
from .names import CODE, MAPS, PARTS, under_own_names
from .own_code import swept
from .params import FIELDS


def is_dotted(name: str) -> bool:
    """Whether a name is one inside a map."""
    return "." in name


def parent_of(name: str) -> str:
    """The map that a dotted name is in; a plain name itself."""
    return name.partition(".")[0]


def child_of(name: str) -> str:
    """What a dotted name is called inside its map; empty for a plain name."""
    return name.partition(".")[2]


def is_parameter(name: str) -> bool:
    """Whether a name means a parameter; other names are placeholders of prompts."""
    return name in FIELDS or is_dotted(name)


def check_map(field: str, value: object) -> Mapping[str, object]:
    """`value`, a map from names to values; raises InvalidInput if it is anything else."""
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise InvalidInput(field, value, "a map from names to values")
    return value


def named_once(field: str, value: object) -> dict[str, object]:
    """The entries of a map under dwlab's own names.

    Raises InvalidInput for a value that is given twice, as `call.eta` beside `call: {eta: ...}`.
    """
    entries = under_own_names(check_map(field, value), field)
    for name in entries:
        parent = parent_of(name)
        inside = entries.get(parent) if is_dotted(name) else None
        if isinstance(inside, Mapping) and child_of(name) in inside:
            allowed = f"only one place: it is in {field}.{parent} too"
            raise InvalidInput(f"{field}.{name}", entries[name], allowed)
    return entries


def with_parameters(
    values: Mapping[str, object], changes: Mapping[str, object]
) -> dict[str, object]:
    """`values` with the parameters of `changes`, those with a dotted name inside their maps.

    Names that are not parameters are left out.
    """
    merged = dict(values)
    merged |= {name: value for name, value in changes.items() if name in FIELDS}
    for name, value in changes.items():
        if is_dotted(name):
            parent = parent_of(name)
            merged[parent] = _with_child(parent, merged.get(parent), child_of(name), value)
    return merged


def _with_child(parent: str, inside: object, child: str, value: object) -> object:
    """A map, or a stack of LoRAs, with one value replaced."""
    if parent in CODE:
        return swept.with_value(inside, child, value)
    if parent in list_values.NAMES:
        return list_values.with_value(parent, () if inside is None else inside, child, value)
    entries = check_map(f"base.{parent}", {} if inside is None else inside)
    return {**entries, child: value}


def with_dotted_names(base: Mapping[str, object]) -> dict[str, object]:
    """Base values, with what is in their maps and lists under dotted names too."""
    named: dict[str, object] = {}
    for parent in (*MAPS, *PARTS):
        inside = base.get(parent)
        if isinstance(inside, Mapping):
            named |= {f"{parent}.{child}": value for child, value in inside.items()}
    for parent in list_values.NAMES:
        if parent in base:
            named |= list_values.values_by_axis(parent, base[parent])
    return named | dict(base)
