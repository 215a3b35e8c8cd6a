"""A metric over the two strongest axes of a sweep, a map for each value of the third."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput
from .quality import is_higher_better
from .ranking import Verdict
from .rivals import adjusted_means
from .setting_grid import setting_grid

if TYPE_CHECKING:
    import pandas as pd

    from .axes import Axis
    from .margins import Floats
    from .ranking import Ranking
    from .setting_grid import SettingGrid


@dataclass(frozen=True, eq=False)
class HeatMap:
    """The metric at one value of the third axis.

    title: like `scheduler DDIM`, empty without a third axis. values: means, of shape (rows,
    columns), NaN where nothing was measured. within: which of them are settings that are shown to
    be within the margin.
    """

    title: str
    values: Floats
    within: np.ndarray


@dataclass(frozen=True, eq=False)
class HeatMaps:
    """A metric over two axes.

    rows, columns: the labels along them. third: the axis that tells the maps apart, empty without
    one. others: axes over which the values are means.
    """

    metric: str
    row_axis: str
    column_axis: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    third: str
    others: tuple[str, ...]
    maps: tuple[HeatMap, ...]
    is_higher_better: bool = True


def heat_maps(table: pd.DataFrame, metric: str, ranking: Ranking | None = None) -> HeatMaps:
    """The metric over the two setting axes that move it most.

    table: as `dwlab table` or `Results.table` give it. How much an axis moves the metric is how far
    settings are apart that differ in this axis alone, so interactions count too. A setting's mean is
    adjusted for prompts and seeds that it was not tried with, as in `best`. ranking: of the same
    table, to mark settings that are good enough. With a single setting axis there is one row.
    Raises InvalidInput for an unknown metric, or a table in which no setting varies.
    """
    grid = setting_grid(table, metric)
    if len(grid.codes) < 2:
        raise InvalidInput("table", f"{len(table)} rows", "a sweep of which some setting varies")
    means = adjusted_means(grid.values)
    order = _by_strength(grid, means)
    others = order[3:]
    rows, columns = _arranged(grid, order[:2])
    sides = [_side(grid, order[2] if len(order) > 2 else None)]
    sides += [_side(grid, rows), _side(grid, columns)]
    shape = tuple(len(side.labels) for side in sides)
    place = np.ravel_multi_index([side.places for side in sides], shape)
    counts = np.bincount(place, minlength=int(np.prod(shape)))
    sums = np.bincount(place, weights=means, minlength=len(counts))
    values = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).reshape(shape)
    is_within = np.zeros(shape, dtype=bool)
    # a mean over further axes is no setting
    if ranking and not others:
        is_within.flat[place[_within(grid, ranking)]] = True
    third, row_side, column_side = sides
    maps = zip(third.named, values, is_within, strict=True)
    return HeatMaps(
        metric=metric,
        row_axis=row_side.name,
        column_axis=column_side.name,
        rows=row_side.labels,
        columns=column_side.labels,
        third=third.name,
        others=tuple(grid.axes[at].name for at in others),
        maps=tuple(HeatMap(title, of_map, within) for title, of_map, within in maps),
        is_higher_better=is_higher_better(table, metric),
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """One direction of the maps: rows, columns, or the maps themselves.

    labels: of its values. named: the same with the name of the axis. places: of each setting, its
    position among them. Without an axis there is one value without a label.
    """

    name: str
    labels: tuple[str, ...]
    named: tuple[str, ...]
    places: np.ndarray


def _side(grid: SettingGrid, at: int | None) -> _Side:
    if at is None:
        return _Side("", ("",), ("",), np.zeros(len(grid.codes), dtype=int))
    axis = grid.axes[at]
    codes = [codes[at] for codes in grid.codes]
    shown = _in_order(axis, set(codes))
    place_of = {code: place for place, code in enumerate(shown)}
    values = [axis.values[code] for code in shown]
    return _Side(
        name=axis.name,
        labels=tuple(axis.label(value) for value in values),
        named=tuple(axis.named(value) for value in values),
        places=np.array([place_of[code] for code in codes]),
    )


def _in_order(axis: Axis, codes: set[int]) -> list[int]:
    """Positions of values in the order of the sweep, numbers ascending."""
    return sorted(codes, key=lambda code: axis.numbers[code] if axis.numeric else code)


def _within(grid: SettingGrid, ranking: Ranking) -> np.ndarray:
    """Which settings the ranking shows to be within the margin."""
    good = {each.setting for each in ranking.standings if each.verdict is Verdict.WITHIN}
    return np.array([grid.label(at) in good for at in range(len(grid.codes))])


def _by_strength(grid: SettingGrid, means: Floats) -> list[int]:
    """The positions of the axes, the one that moves the means most first."""
    codes = np.array(grid.codes)
    strengths = []
    for at in range(len(grid.axes)):
        _, context = np.unique(np.delete(codes, at, axis=1), axis=0, return_inverse=True)
        strengths.append(_within_contexts(means, context.reshape(-1)))
    return sorted(range(len(grid.axes)), key=lambda at: -strengths[at])


def _within_contexts(means: Floats, context: np.ndarray) -> float:
    """The sum of squares of means about the mean of their context."""
    counts = np.bincount(context)
    centres = np.bincount(context, weights=means) / counts
    return float(np.sum((means - centres[context]) ** 2))


def _arranged(grid: SettingGrid, strongest: list[int]) -> tuple[int | None, int]:
    """The axes for rows and for columns: words are read in rows, and columns have more room."""
    if len(strongest) == 1:
        return None, strongest[0]
    first, second = strongest
    if grid.axes[first].numeric != grid.axes[second].numeric:
        return (second, first) if grid.axes[first].numeric else (first, second)
    first_is_longer = len(grid.axes[first].values) >= len(grid.axes[second].values)
    # numbers are short and fit above many columns
    return (second, first) if first_is_longer == grid.axes[first].numeric else (first, second)
