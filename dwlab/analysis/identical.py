"""Values of an axis that changed nothing in the pictures, or next to nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ..runs.table import open_picture
from .axes import Axis, swept

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

NEAR = 2  # of 255: the largest difference between two pictures that count as nearly identical
HASHED_VALUES = 200  # values of one axis that are compared by the hashes of their pictures
READ_VALUES = 24  # values of one axis whose pictures are read and compared
READ_PLACES = 64  # pairs of pictures that are read for two values
CACHED = 64  # pictures kept in memory while they are compared

Place = tuple[Hashable, ...]  # where a picture stands on all other axes
Agree = Callable[[Hashable, Hashable], bool]


@dataclass(frozen=True)
class _Cells:
    """The finished rows of a table by their value on one axis and their place on the others."""

    axis: Axis
    rows: dict[Hashable, dict[Place, int]]

    @property
    def values(self) -> list[Hashable]:
        """The values that have pictures, in the axis' order."""
        return [value for value in self.axis.values if value in self.rows]

    def shared(self, one: Hashable, other: Hashable) -> list[Place]:
        """The places where both values have a picture."""
        return [place for place in self.rows[one] if place in self.rows[other]]


def identical_along(table: pd.DataFrame) -> list[str]:
    """Sentences about values of an axis that gave the same pictures, or nearly the same, wherever all else was equal.

    Identical: the same hash in the column `pixels`; without that column nothing is found. Nearly identical: no channel
    of any pixel differs by more than 2 of 255; the pictures of at most 24 values of an axis are read for this, and at
    most 64 pairs of pictures for two values.
    """
    if "pixels" not in table.columns:
        return []
    hashes = table["pixels"].to_numpy()
    picture = _reader(table)

    def same_hash(row: int, other: int) -> bool:
        return bool(hashes[row] == hashes[other])

    def nearly_equal(row: int, other: int) -> bool:
        return same_hash(row, other) or _differ_little(picture(row), picture(other))

    sentences = []
    for cells in _by_axis(table):
        same = _groups(cells.values[:HASHED_VALUES], _everywhere(cells, same_hash))
        sentences += [_sentence(cells, group) for group in same if len(group) > 1]
        sentences += _near_sentences(cells, same, _everywhere(cells, nearly_equal, READ_PLACES))
    return sentences


def _near_sentences(cells: _Cells, same: list[list[Hashable]], agree: Agree) -> list[str]:
    """What is said of values that gave nearly identical pictures; `same`: the groups of those that gave identical ones."""
    by_first = {group[0]: group for group in same[:READ_VALUES]}
    sentences = []
    for firsts in _groups(list(by_first), agree):
        if len(firsts) > 1:
            group = [value for first in firsts for value in by_first[first]]
            sentences.append(_sentence(cells, group, near=True))
    return sentences


def _by_axis(table: pd.DataFrame) -> list[_Cells]:
    axes = swept(table)
    made = table["pixels"].notna().to_numpy().nonzero()[0]
    return [
        _cells(axis, [other for other in axes if other is not axis], made.tolist()) for axis in axes
    ]


def _cells(axis: Axis, others: list[Axis], made: list[int]) -> _Cells:
    values = axis.column.tolist()
    columns = [other.column.tolist() for other in others]
    rows: dict[Hashable, dict[Place, int]] = {}
    for row in made:
        place = tuple(column[row] for column in columns)
        rows.setdefault(values[row], {}).setdefault(place, row)
    return _Cells(axis, rows)


def _everywhere(cells: _Cells, equal: Callable[[int, int], bool], most: int | None = None) -> Agree:
    """Whether two values agree: they share places, and their pictures are `equal` in all of them, or in `most` spread ones."""

    def agree(one: Hashable, other: Hashable) -> bool:
        rows, others = cells.rows[one], cells.rows[other]
        first = next((place for place in rows if place in others), None)
        # values that differ nearly always differ in the first place, and then no list of all places is made
        if first is None or not equal(rows[first], others[first]):
            return False
        return all(
            equal(rows[place], others[place]) for place in _spread(cells.shared(one, other), most)
        )

    return agree


def _spread(places: list[Place], most: int | None) -> list[Place]:
    """At most `most` of the places, evenly spaced, so that they do not all belong to the first prompt."""
    if most is None or len(places) <= most:
        return places
    return [places[k * len(places) // most] for k in range(most)]


def _groups(values: Sequence[Hashable], agree: Agree) -> list[list[Hashable]]:
    """The values in groups of which each two agree, in order; a value that agrees with none is a group of its own."""
    groups: list[list[Hashable]] = []
    for value in values:
        home = next(
            (group for group in groups if all(agree(member, value) for member in group)), None
        )
        if home is None:
            groups.append([value])
        else:
            home.append(value)
    return groups


def _reader(table: pd.DataFrame) -> Callable[[int], np.ndarray | None]:
    """What reads the picture [H, W, 3] of a row; None if its file is missing or broken."""
    paths = table["image"].tolist() if "image" in table else [None] * len(table)

    @functools.lru_cache(maxsize=CACHED)
    def read(row: int) -> np.ndarray | None:
        picture = open_picture(table, paths[row])
        return None if picture is None else np.asarray(picture, dtype=np.int16)

    return read


def _differ_little(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    if one is None or other is None or one.shape != other.shape:
        return False
    # most pictures that differ do so in a few rows already
    if np.abs(one[::16] - other[::16]).max() > NEAR:
        return False
    return bool(np.abs(one - other).max() <= NEAR)


def _sentence(cells: _Cells, group: list[Hashable], *, near: bool = False) -> str:
    axis = cells.axis
    labels = [axis.label(value) for value in sorted(group, key=axis.values.index)]
    shown = labels if len(labels) <= 6 else [*labels[:5], f"{len(labels) - 5} more"]
    listed = f"{', '.join(shown[:-1])} and {shown[-1]}"
    like = (
        f"nearly identical pictures (no pixel differs by more than {NEAR} of 255)"
        if near
        else "identical pictures"
    )
    where = f"wherever all else was equal ({_comparisons(cells, group, near=near)})"
    if len(group) == len(axis.values):
        changed = "next to nothing" if near else "nothing"
        return f"{axis.name} changed {changed}: {listed} gave {like} {where}"
    return f"{axis.name} {listed} gave {like} {where}"


def _comparisons(cells: _Cells, group: list[Hashable], *, near: bool) -> str:
    """How many places were compared, and how many there are if not all of them were read."""
    compared: set[Place] = set()
    shared: set[Place] = set()
    for one, other in combinations(group, 2):
        places = cells.shared(one, other)
        shared.update(places)
        compared.update(_spread(places, READ_PLACES if near else None))
    if len(compared) < len(shared):
        return f"{len(compared):,} of {len(shared):,} comparisons looked at"
    return f"{len(shared):,} {'comparison' if len(shared) == 1 else 'comparisons'}"
