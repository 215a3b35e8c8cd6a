"""Overrides: changes of a sweep's axes and base values, from the command line or a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..paths import check_name
from . import checkpoint_axes, checkpoint_files
from .dotted import child_of, is_dotted, is_parameter, named_once, parent_of, with_dotted_names
from .names import LISTS, MAPS, PARTS
from .params import FIELDS
from .prompt_templates import names_in_prompts
from .sweep_checks import check_name_known, is_axis

if TYPE_CHECKING:
    from .sweep import SweepSpec


def overridden(sweep: SweepSpec, changes: Mapping[str, object]) -> dict[str, Any]:
    """The fields of a sweep after some changes; see `SweepSpec.override` for what they mean."""
    changes = named_once("overrides", changes)
    name = sweep.name
    if "name" in changes:
        name = check_name(changes.pop("name"))
    budget = changes.pop("budget", sweep.budget)
    search = changes.pop("search", sweep.search)
    base = {**sweep.base, "model": sweep.model}
    axes = dict(sweep.axes)
    parameters = [key for key in changes if is_parameter(key)]
    for parameter in sorted(parameters, key=is_dotted):  # call before call.eta
        _replace_parameter(base, axes, parameter, changes[parameter])
    placeholders = names_in_prompts(base, axes)
    for key, value in changes.items():
        check_name_known("overrides", key, placeholders)
        if not is_parameter(key):
            axes[key] = _values_of_placeholder(key, value)
    axes = _without_unused(axes, placeholders)
    fixed = {key for key in axes if key in changes and not is_axis(key, changes[key])}
    names = FIELDS | axes.keys() | with_dotted_names(base).keys() | _numbers(sweep, axes)
    return {
        "name": name,
        "base": base,
        "axes": axes,
        "zip": _groups_of(sweep.zip, axes.keys() - fixed),
        "skip": [rule for rule in sweep.skip if rule.keys() <= names],
        "metrics": sweep.metrics,
        "metric": sweep.metric,
        "memory": sweep.memory,
        "probes": sweep.probes,
        "budget": budget,
        "search": search,
    }


def _numbers(sweep: SweepSpec, axes: Mapping[str, object]) -> set[str]:
    """The names of the numbers of checkpoints, as far as there still are any."""
    if not any(checkpoint_files.is_description(name, values) for name, values in axes.items()):
        return set()
    return {name for name in sweep.values if checkpoint_axes.is_added(name)}


def _replace_parameter(
    base: dict[str, object], axes: dict[str, object], name: str, value: object
) -> None:
    """Put a new value in place of all that `base` and `axes` say about a parameter."""
    _remove_from_base(base, name)
    if name in (*MAPS, *PARTS) and isinstance(value, Mapping):
        for child in value:
            axes.pop(f"{name}.{child}", None)
    if name in LISTS:
        for axis in [axis for axis in axes if parent_of(axis) == name]:
            del axes[axis]
    if name == "seed" and value == "random":
        axes[name] = {"random": 1}
        return
    if is_axis(name, value):
        axes[name] = value
        return
    axes.pop(name, None)
    if value is not None:
        base[name] = value


def _remove_from_base(base: dict[str, object], name: str) -> None:
    parent = parent_of(name)
    inside = base.get(parent)
    if is_dotted(name) and isinstance(inside, Mapping):
        base[parent] = {child: inside[child] for child in inside if child != child_of(name)}
    for key in list(base):
        if key == name or key.startswith(f"{name}."):
            del base[key]


def _values_of_placeholder(name: str, value: object) -> object:
    """An axis for a placeholder: its only value may be given alone; None takes the axis out."""
    if value is None or is_axis(name, value):
        return value
    return [value]


def _without_unused(axes: Mapping[str, object], placeholders: frozenset[str]) -> dict[str, object]:
    """The axes without those taken out, and without placeholders that no prompt names any more."""
    return {
        name: values
        for name, values in axes.items()
        if values is not None and (is_parameter(name) or name in placeholders)
    }


def _groups_of(zipped: Sequence[Sequence[str]], moving: set[str]) -> list[list[str]]:
    """The zipped groups, as far as their axes still move."""
    groups = []
    for group in zipped:
        left = [name for name in group if name in moving]
        if len(left) > 1:
            groups.append(left)
    return groups
