"""Axes and pairs of axes as orthogonal directions in which settings differ."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .margins import Floats
    from .setting_grid import SettingGrid

TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Term:
    """An axis, or a pair of axes that act together.

    axes: their positions. directions: (settings, degrees of freedom), orthonormal, with all that
    other axes (for a pair: also other pairs) explain taken out, as in a type II analysis of
    variance.
    """

    axes: tuple[int, ...]
    directions: Floats


def terms_of(grid: SettingGrid) -> list[Term]:
    """The terms of a grid: its axes, then their pairs. Combinations of values may be missing."""
    codes = np.array(grid.codes)
    columns: dict[tuple[int, ...], Floats] = {}
    for at in range(len(grid.axes)):
        columns[at,] = _indicators(codes[:, at])
    for first, second in itertools.combinations(range(len(grid.axes)), 2):
        columns[first, second] = _products(columns[first,], columns[second,])
    constant = np.ones((len(codes), 1))
    terms = []
    for axes, own in columns.items():
        # an axis beyond the other axes, a pair beyond all axes and the other pairs
        others = [each for name, each in columns.items() if name != axes and len(name) <= len(axes)]
        terms.append(Term(axes, _beyond(own, [constant, *others])))
    return [term for term in terms if term.directions.shape[1]]


def _indicators(codes: np.ndarray) -> Floats:
    """A column for each value of an axis."""
    return (codes[:, None] == np.unique(codes)).astype(float)


def _products(first: Floats, second: Floats) -> Floats:
    return (first[:, :, None] * second[:, None, :]).reshape(len(first), -1)


def _beyond(columns: Floats, others: Iterable[Floats]) -> Floats:
    """An orthonormal basis of what the columns say beyond the others."""
    basis = _basis(np.hstack(list(others)))
    return _basis(columns - basis @ (basis.T @ columns))


def _basis(columns: Floats) -> Floats:
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    basis: Floats = left[:, sizes > TOLERANCE * max(1.0, len(columns))]
    return basis
