"""Which pictures of a sweep a metric compares each picture with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..metrics.metric import Scope
from ..spec import accelerate, schedulers
from ..spec.names import own_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..spec.metric_requests import MetricRequest

Groups = dict[str, list["Picture"]]


@dataclass(frozen=True)
class Picture:
    """A finished picture.

    content: the hash of its pixels, or its key if that is not known. params: its recipe. axes: its
    values of the experiment's axes.
    """

    key: str
    image: str
    content: str
    params: Mapping[str, Any]
    axes: Mapping[str, Any]

    @property
    def prompt(self) -> str:
        """What it was made from."""
        return str(self.params.get("prompt", ""))


def companions(
    scope: Scope,
    request: MetricRequest,
    pictures: Sequence[Picture],
    groups: Iterable[Sequence[str]],
) -> dict[str, list[Picture]]:
    """The pictures that each picture is compared with, by key; pictures without any are left out.

    groups: axes of the experiment that move together. Raises InvalidInput if `against` names an
    axis or a value that no picture has.
    """
    if scope is Scope.REFERENCE:
        return _references(request, pictures, groups)
    if scope is Scope.SEEDS:
        return _siblings(pictures)
    raise ValueError(f"{scope} compares no pictures")


def check_against(request: MetricRequest, values_by_axis: Mapping[str, Sequence[object]]) -> None:
    """Raise InvalidInput unless `against` names axes that vary, and values of them."""
    for axis, value in request.against:
        name = own_name(axis)
        if name not in values_by_axis:
            allowed = f"an axis of this sweep: {', '.join(values_by_axis) or '(it has none)'}"
            raise InvalidInput(request.field("against"), axis, allowed)
        values = values_by_axis[name]
        if not any(_same(name, value, other) for other in values):
            listed = ", ".join(str(other) for other in values)
            raise InvalidInput(request.field("against"), value, f"a value of {axis}: {listed}")


def _references(
    request: MetricRequest, pictures: Sequence[Picture], groups: Iterable[Sequence[str]]
) -> dict[str, list[Picture]]:
    values_by_axis: dict[str, list[object]] = {}
    for picture in pictures:
        for name, value in picture.axes.items():
            values = values_by_axis.setdefault(own_name(name), [])
            if value not in values:
                values.append(value)
    check_against(request, values_by_axis)
    named = {own_name(axis): value for axis, value in request.against}
    moving = set(named)
    for group in groups:
        if moving & {own_name(name) for name in group}:
            moving |= {own_name(name) for name in group}
    references: dict[str, Picture] = {}
    for picture in pictures:
        if _is_reference(picture, named):
            references.setdefault(_place(picture, moving), picture)
    compared = {}
    for picture in pictures:
        reference = references.get(_place(picture, moving))
        # a reference is no distance away from itself, which says nothing
        if reference is not None and not _is_reference(picture, named):
            compared[picture.key] = [reference]
    return compared


def _is_reference(picture: Picture, named: Mapping[str, object]) -> bool:
    axes = {own_name(name): value for name, value in picture.axes.items()}
    return all(name in axes and _same(name, axes[name], value) for name, value in named.items())


def _place(picture: Picture, moving: set[str]) -> str:
    """What a picture has in common with its reference, as text."""
    kept = {name: value for name, value in picture.axes.items() if own_name(name) not in moving}
    return json.dumps(kept, sort_keys=True)


def _siblings(pictures: Sequence[Picture]) -> dict[str, list[Picture]]:
    """The other pictures of each group that differ only in seed."""
    groups: Groups = {}
    for picture in pictures:
        recipe = {name: value for name, value in picture.params.items() if name != "seed"}
        groups.setdefault(json.dumps(recipe, sort_keys=True), []).append(picture)
    compared = {}
    for group in groups.values():
        for picture in group:
            others = [other for other in group if other is not picture]
            if others:
                compared[picture.key] = others
    return compared


def _same(axis: str, first: object, second: object) -> bool:
    """Whether two values of an axis are the same, as people and files write them."""
    if first == second:
        return True
    if axis == "scheduler":
        return _scheduler(first) == _scheduler(second)
    if accelerate.is_axis(axis):
        return accelerate.of_axis(axis, first) == accelerate.of_axis(axis, second)
    return str(first) == str(second)


def _scheduler(name: object) -> object:
    try:
        return schedulers.resolve(str(name))
    except InvalidInput:
        return str(name)
