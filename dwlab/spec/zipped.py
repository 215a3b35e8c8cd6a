"""Axes that move together, and the steps that they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from ..errors import InvalidInput
from .axes import Column, RandomSeeds
from .names import own_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Sized

Step = Mapping[str, object]  # a value for each axis of a group


def zip_groups(zipped: object) -> list[list[str]]:
    """The groups of axes that a file zips, under dwlab's own names.

    Raises InvalidInput for anything but a list of lists; `all_groups` checks the names.
    """
    if not _is_list(zipped) or not all(map(_is_list, zipped)):
        allowed = "a list of groups of axis names, like [[scheduler, steps]]"
        raise InvalidInput("zip", zipped, allowed)
    return [_under_own_names(group) for group in zipped]


def _is_list(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    return isinstance(value, list | tuple)


def _under_own_names(group: Iterable[Any]) -> list[Any]:
    return [own_name(name) if isinstance(name, str) else name for name in group]


def all_groups(
    zipped: Iterable[Sequence[str]], columns: Mapping[str, Sized]
) -> list[tuple[str, ...]]:
    """All axes in groups: those that are zipped, and each other axis alone.

    Groups are in the order of their first axes. Raises InvalidInput for a name that is not an axis or is given twice, and for axes of different
    lengths in a group.
    """
    group_of: dict[str, tuple[str, ...]] = {}
    for names in zipped:
        group = tuple(names)
        for name in group:
            if not isinstance(name, str) or name not in columns or name in group_of:
                allowed = f"an axis, once ({', '.join(columns) or 'there are none'})"
                raise InvalidInput("zip", name, allowed)
            group_of[name] = group
        lengths = {name: len(columns[name]) for name in group}
        if len(set(lengths.values())) > 1:
            raise InvalidInput("zip", lengths, "axes of the same length")
    groups = [group_of.get(name, (name,)) for name in columns]
    return list(dict.fromkeys(groups))


def steps_of(
    group: Sequence[str], columns: Mapping[str, Column], seeds: Sequence[int]
) -> list[Step]:
    """The values that a group of axes takes together, one map per step.

    seeds: the values of a random axis.
    """
    parallel: list[Sequence[Any]] = []
    for name in group:
        column = columns[name]
        parallel.append(seeds if isinstance(column, RandomSeeds) else column)
    return [dict(zip(group, values, strict=True)) for values in zip(*parallel, strict=True)]
