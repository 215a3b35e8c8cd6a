"""Which axes of a contact sheet run down and which across, and how many values they show."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...analysis.axes import SEED, Axis, named_axis
from ..text_fit import printable, text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

LONG = 160  # pixels; wider labels belong beside rows, not above columns
WIDE = 100  # pixels; below this, labels count as equally wide
TRACK_LIMIT = 40  # tiles along one direction
MEASURED = 50  # values of an axis whose labels are measured


@dataclass
class Level:
    """An axis in a sheet.

    count: how many of its values are shown, from the first on. pictures: those that its values
    stand for, as paths in the results folder; empty for an axis of something else.
    """

    axis: Axis
    count: int
    pictures: list[str | None] = field(default_factory=list)


@dataclass
class Arrangement:
    """The axes down the rows and across the columns, outermost first."""

    down: list[Level] = field(default_factory=list)
    across: list[Level] = field(default_factory=list)

    @property
    def levels(self) -> list[Level]:
        """All levels, those of the rows first."""
        return self.down + self.across

    @property
    def axes(self) -> list[Axis]:
        """The axes of all levels."""
        return [level.axis for level in self.levels]


def arranged(
    axes: list[Axis],
    rows: str | Sequence[str] | None,
    columns: str | Sequence[str] | None,
) -> Arrangement:
    """Every axis in its place, all values shown.

    rows, columns: names of axes, outermost first; the others are nested around them.
    Raises InvalidInput for a name that no axis has.
    """
    down = _named_axes("rows", rows, axes)
    across = _named_axes("columns", columns, axes)
    others = sorted((axis for axis in axes if axis not in down + across), key=_rank)
    if not down and not across:
        down, across = _innermost(others[:2])
        others = others[2:]
    for axis in others:
        if _goes_down(axis, down, across):
            down.insert(0, axis)
        else:
            across.insert(0, axis)
    return Arrangement(
        down=[Level(axis, len(axis.values)) for axis in down],
        across=[Level(axis, len(axis.values)) for axis in across],
    )


def limit(arrangement: Arrangement, most: int) -> None:
    """Show fewer values until at most `most` tiles are left; outer axes give way first."""
    innermost = [*arrangement.down[-1:], *arrangement.across[-1:]]
    while excess := _excess(arrangement, most):
        shrinkable = [level for level in excess if level.count > 1]
        outer = [level for level in shrinkable if level not in innermost]
        longest = max(outer or shrinkable, key=lambda level: level.count)
        longest.count -= 1


def _excess(arrangement: Arrangement, most: int) -> list[Level]:
    """The levels of which some have to show fewer values; none if the sheet is small enough."""
    excess: list[Level] = []
    for levels in (arrangement.down, arrangement.across):
        if _tiles(levels) > TRACK_LIMIT:
            excess += levels
    if not excess and _tiles(arrangement.levels) > most:
        excess = arrangement.levels
    return excess


def _tiles(levels: list[Level]) -> int:
    return math.prod(level.count for level in levels)


def _named_axes(field: str, names: str | Sequence[str] | None, axes: list[Axis]) -> list[Axis]:
    names = [names] if isinstance(names, str) else list(names or ())
    return [named_axis(field, name, axes) for name in names]


def _rank(axis: Axis) -> int:
    """Steps against guidance tells most, then what the prompt says; seeds come last."""
    if axis.names[0] in ("steps", "guidance"):
        return 0
    if axis.names == SEED:
        return 4
    if axis.names == ("prompt",):
        return 2
    return 1 if axis.of_content else 3


def _innermost(axes: list[Axis]) -> tuple[list[Axis], list[Axis]]:
    """The innermost axes down and across, from the two most telling ones."""
    by_width = sorted(axes, key=_label_width)
    across = by_width[:1]
    # the wider labels go beside the rows
    down = by_width[1:]
    if across and not down and _label_width(across[0]) > LONG:
        return across, []
    return down, across


def _goes_down(axis: Axis, down: list[Axis], across: list[Axis]) -> bool:
    if not down:
        return True
    if not across:
        return False
    rows = math.prod(len(other.values) for other in down)
    columns = math.prod(len(other.values) for other in across)
    return _label_width(axis) > LONG or rows <= columns


def _label_width(axis: Axis) -> float:
    """Pixels of the widest label; of short ones, guidance counts as the narrowest."""
    texts = [printable(axis.label(value)) for value in axis.values[:MEASURED]]
    widest = max((text_width(text, 13, bold=False) for text in texts), default=0.0)
    if widest > WIDE:
        return widest
    return 1.0 if "guidance" in axis.names else 2.0
