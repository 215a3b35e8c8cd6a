"""Values of an axis that changed nothing in the pictures, or next to nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from .._util.counted import counted
from .._util.isolated import isolated
from ..runs.table import open_picture
from .axes import Axis, swept
from .setting_grid import group_codes

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

NEAR = 2  # of 255: the largest difference between two pictures that count as nearly identical
HASHED_VALUES = 200  # values of one axis that are compared by the hashes of their pictures
READ_VALUES = 24  # values of one axis whose pictures are read and compared
READ_PLACES = 64  # pairs of pictures that are read for two values
CACHED = 64  # pictures kept in memory while they are compared
LISTED = 6  # values that a sentence names

Place = int  # which combination of values a picture has on all other axes
SameRows = Callable[[int, int], bool]  # whether two rows have the same picture
SameValues = Callable[[Hashable, Hashable], bool]  # whether two values gave the same pictures


@dataclass(frozen=True)
class _Cells:
    """The finished rows of a table by their value on one axis and their place on the others."""

    axis: Axis
    rows: dict[Hashable, dict[Place, int]]

    @property
    def values(self) -> list[Hashable]:
        """The values that have pictures, in the axis' order."""
        return [value for value in self.axis.values if value in self.rows]

    def shared(self, first: Hashable, second: Hashable) -> list[Place]:
        """The places where both values have a picture."""
        return [place for place in self.rows[first] if place in self.rows[second]]


def identical_along(table: pd.DataFrame) -> list[str]:
    """Sentences about values of an axis that gave the same pictures, or nearly the same.

    They did so wherever everything else was equal. Identical: the same hash in the column `pixels`;
    without that column nothing is found. Nearly identical: no channel of any pixel differs by more
    than 2 of 255; for this the pictures of at most 24 values of an axis are read, and at most 64
    pairs of pictures for two values.
    """
    if "pixels" not in table.columns:
        return []
    hashes = table["pixels"].to_numpy()
    picture_of = _reader(table)

    def same_hash(row: int, other: int) -> bool:
        return bool(hashes[row] == hashes[other])

    def nearly_equal(row: int, other: int) -> bool:
        return same_hash(row, other) or _differ_little(picture_of(row), picture_of(other))

    sentences = []
    for cells in _cells_by_axis(table):
        same = _groups(cells.values[:HASHED_VALUES], _everywhere(cells, same_hash))
        sentences += [_sentence(cells, group) for group in same if len(group) > 1]
        # of identical values, the first stands for all
        by_first = {group[0]: group for group in same[:READ_VALUES]}
        for firsts in _groups(by_first, _everywhere(cells, nearly_equal, READ_PLACES)):
            if len(firsts) == 1:
                continue
            group = []
            for first in firsts:
                group += by_first[first]
            sentences.append(_sentence(cells, group, near=True))
    return sentences


def _cells_by_axis(table: pd.DataFrame) -> list[_Cells]:
    axes = swept(table)
    finished = table["pixels"].notna().to_numpy().nonzero()[0]
    return [_cells(axis, axes, finished) for axis in axes]


def _cells(axis: Axis, axes: list[Axis], finished: np.ndarray) -> _Cells:
    others = [other for other in axes if other is not axis]
    places, _ = group_codes(others, axis.codes.index)
    codes = axis.codes.to_numpy()
    rows: dict[Hashable, dict[Place, int]] = {}
    for row, code, place in zip(
        finished.tolist(), codes[finished].tolist(), places[finished].tolist(), strict=True
    ):
        rows.setdefault(axis.values[code], {}).setdefault(place, row)
    return _Cells(axis, rows)


def _everywhere(cells: _Cells, same: SameRows, most: int | None = None) -> SameValues:
    """A test of two values: do they share places, with the same pictures in all of them?

    most: how many places are compared, evenly spread; None for all.
    """

    def agree(first: Hashable, second: Hashable) -> bool:
        rows = cells.rows[first]
        others = cells.rows[second]
        place = next((place for place in rows if place in others), None)
        # values that differ nearly always differ in the first place already, and then the list of
        # all places is not needed
        if place is None or not same(rows[place], others[place]):
            return False
        places = _spread(cells.shared(first, second), most)
        return all(same(rows[place], others[place]) for place in places)

    return agree


def _spread(places: list[Place], most: int | None) -> list[Place]:
    """At most `most` of the places, evenly spaced, so that not all belong to the first prompt."""
    if most is None or len(places) <= most:
        return places
    return [places[number * len(places) // most] for number in range(most)]


def _groups(values: Iterable[Hashable], agree: SameValues) -> list[list[Hashable]]:
    """The values in groups in which all agree with each other, in order."""
    groups: list[list[Hashable]] = []
    for value in values:
        for group in groups:
            if all(agree(member, value) for member in group):
                group.append(value)
                break
        else:
            groups.append([value])
    return groups


def _reader(table: pd.DataFrame) -> Callable[[int], np.ndarray | None]:
    """A function that reads the picture [H, W, 3] of a row; None if it is missing or broken."""
    paths = table["image"].tolist() if "image" in table else [None] * len(table)

    @functools.lru_cache(maxsize=CACHED)
    def read(row: int) -> np.ndarray | None:
        picture = open_picture(table, paths[row])
        return None if picture is None else np.asarray(picture, dtype=np.int16)

    return read


def _differ_little(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    if first is None or second is None or first.shape != second.shape:
        return False
    # most pictures that differ do so in a few rows already
    if np.abs(first[::16] - second[::16]).max() > NEAR:
        return False
    return bool(np.abs(first - second).max() <= NEAR)


def _sentence(cells: _Cells, group: list[Hashable], *, near: bool = False) -> str:
    axis = cells.axis
    changed = "nothing"
    pictures = "identical pictures"
    if near:
        changed = "next to nothing"
        pictures = f"nearly identical pictures (no pixel differs by more than {NEAR} of 255)"
    subject = isolated(axis.name)
    if len(group) == len(axis.values):
        subject += f" changed {changed}:"
    where = f"wherever all else was equal ({_comparisons(cells, group, near=near)})"
    return f"{subject} {_listed(axis, group)} gave {pictures} {where}"


def _listed(axis: Axis, group: list[Hashable]) -> str:
    """The values in the axis' order, as in `1, 4 and 7`; of many only the first."""
    labels = [axis.in_words(value) for value in sorted(group, key=axis.values.index)]
    if len(labels) > LISTED:
        named = labels[: LISTED - 1]
        labels = [*named, f"{len(labels) - len(named)} more"]
    return f"{', '.join(labels[:-1])} and {labels[-1]}"


def _comparisons(cells: _Cells, group: list[Hashable], *, near: bool) -> str:
    """How many places were compared, and how many there are if not all of them were read."""
    compared: set[Place] = set()
    shared: set[Place] = set()
    for first, second in combinations(group, 2):
        places = cells.shared(first, second)
        shared.update(places)
        compared.update(_spread(places, READ_PLACES if near else None))
    if len(compared) < len(shared):
        return f"{len(compared):,} of {len(shared):,} comparisons looked at"
    return counted(len(shared), "comparison")
