"""The cells of a sweep: how base values, axes and skip rules become parameters of pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .._util.gc_paused import gc_paused
from ..errors import InvalidInput
from . import prompt_templates
from .axes import Column, RandomSeeds
from .dotted import is_dotted, parent_of, with_dotted_names, with_parameters
from .names import TEXTS
from .params import ENTANGLED, GenerationParams
from .zipped import Step, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .skips import Rules


@dataclass(frozen=True)
class Cell:
    """One point of a sweep: its parameters, and the value of each axis as it was written."""

    position: int
    params: GenerationParams
    axes: dict[str, object]


@dataclass(frozen=True)
class Expansion:
    """What a sweep is made of, checked; it expands to cells.

    base: the values of names that are not axes. columns: the values of each axis. groups: the axes
    that move together, in the order of the axes; the last group varies fastest.
    """

    base: Mapping[str, object]
    columns: Mapping[str, Column]
    groups: Sequence[tuple[str, ...]]
    rules: Rules

    def combinations(self) -> int:
        """How many combinations the axes make, before skip rules."""
        return math.prod(len(self.columns[group[0]]) for group in self.groups)

    def count(self, seeds: Sequence[int]) -> int:
        """How many combinations the skip rules leave."""
        if not self.rules:
            return self.combinations()
        return sum(not dropping for dropping in self.dropping(seeds))

    def dropping(self, seeds: Sequence[int]) -> Iterator[int]:
        """For each combination, the bits of the skip rules that drop it."""
        return self.rules.dropping(self._named_base, self._steps(seeds))

    def points(self, seeds: Sequence[int]) -> Iterator[dict[str, object]]:
        """The value of each axis, in the order of the axes, for each combination that is kept."""
        is_zipped = len(self.groups) < len(self.columns)
        for steps in self.rules.kept(self._named_base, self._steps(seeds)):
            point: dict[str, object] = {}
            for step in steps:
                point.update(step)
            yield {name: point[name] for name in self.columns} if is_zipped else point

    def cells(self, seeds: Sequence[int]) -> list[Cell]:
        """The cells, each set of parameters once.

        seeds: the values of a random seed axis. Raises InvalidInput, which names the place of the
        value in the file, and ModelError.
        """
        cells: dict[GenerationParams, Cell] = {}
        maker = _ParamsMaker(self.base)
        with gc_paused():
            for point in self.points(seeds):
                try:
                    params = maker.params_at(point)
                except InvalidInput as error:
                    raise error.at(self._place(error.field, point)) from None
                cells.setdefault(params, Cell(len(cells), params, point))
        return list(cells.values())

    @cached_property
    def _named_base(self) -> dict[str, object]:
        return with_dotted_names(self.base)

    def _steps(self, seeds: Sequence[int]) -> list[list[Step]]:
        self.rules.check_work(self.columns, self.combinations())
        return [steps_of(group, self.columns, seeds) for group in self.groups]

    def _place(self, field: str, point: Mapping[str, object]) -> str:
        """Where the file gives a field of a cell, like `base.steps` or `axes.steps[2]`."""
        # a field may be an entry of a list, like `loras[0].weight`
        name = parent_of(field).partition("[")[0]
        for axis in (field, parent_of(field), name):
            if axis in point:
                index = self._index(axis, point[axis])
                return f"axes.{axis}{index}{field.removeprefix(axis)}"
        return f"base.{field}"

    def _index(self, axis: str, value: object) -> str:
        """`[2]` for the third value of an axis; nothing for random seeds."""
        column = self.columns[axis]
        if isinstance(column, RandomSeeds):
            return ""
        return next((f"[{k}]" for k, other in enumerate(column) if other is value), "")


class _ParamsMaker:
    """Makes the parameters of one point after the other.

    Most parameters of a point are those of the point before; only what changes is validated.
    """

    def __init__(self, base: Mapping[str, object]) -> None:
        # `call` before `call.eta`
        ordered = dict(sorted(base.items(), key=lambda entry: is_dotted(entry[0])))
        self._base = with_parameters({}, ordered)
        self._written: dict[str, object] = {}
        self._params: GenerationParams | None = None

    def params_at(self, point: dict[str, object]) -> GenerationParams:
        """The parameters of a point; raises InvalidInput, which names the field, and ModelError."""
        written = self._written_at(point)
        self._params = self._validated(written)
        self._written = written
        return self._params

    def _written_at(self, point: dict[str, object]) -> dict[str, object]:
        """The parameters of a point as they are written, with the placeholders filled in."""
        written = with_parameters(self._base, point)
        for name in TEXTS:
            text = written.get(name)
            if isinstance(text, str) and ("{" in text or "}" in text):
                written[name] = prompt_templates.fill(name, text, point)
        return written

    def _validated(self, written: dict[str, Any]) -> GenerationParams:
        before = self._written
        if self._params is not None and written.keys() == before.keys():
            changes = {name: value for name, value in written.items() if value is not before[name]}
            if not changes.keys() & ENTANGLED:
                return self._params.replace(**changes)
        return GenerationParams(**written)
