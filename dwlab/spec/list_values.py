"""What is inside lists of a recipe, like LoRAs and ControlNets, by the names of axes: `loras.ink.weight`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import controls, ip_adapters, loras, refiners

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_VALUES: Mapping[str, Callable[[str, object], dict[str, object]]] = {
    "loras": loras.weights_by_axis,
    "control": controls.values_by_axis,
    "ip_adapter": ip_adapters.values_by_axis,
    "refiner": refiners.values_by_axis,
}
_CHANGES: Mapping[str, Callable[[str, object, str, object], object]] = {
    "loras": loras.with_weight,
    "control": controls.with_value,
    "ip_adapter": ip_adapters.with_value,
    "refiner": refiners.with_value,
}
# lists whose entries have axes
NAMES = tuple(_VALUES)


def values_by_axis(field: str, value: object) -> dict[str, object]:
    """The values in one of these lists by the names of their axes; empty for what is none."""
    return _VALUES[field](field, value)


def with_value(field: str, value: object, axis: str, changed: object) -> object:
    """One of these lists with another value in it. axis: the rest of its name. Raises InvalidInput."""
    return _CHANGES[field](field, value, axis, changed)
