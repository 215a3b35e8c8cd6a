"""Which values of which axes stand on a page, so that everything on it fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..grids.arrangement import Arrangement, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd


@dataclass(frozen=True)
class Span:
    """`count` values of a level from the one at `start` on."""

    level: Level
    start: int
    count: int

    @classmethod
    def whole(cls, level: Level) -> Span:
        """All values of a level."""
        return cls(level, 0, len(level.axis.values))

    def part(self, start: int, count: int) -> Span:
        """Fewer of its values."""
        return Span(self.level, self.start + start, count)

    def holds(self) -> pd.Series:
        """Whether each row of the table has one of the values."""
        codes = self.level.axis.codes
        return (codes >= self.start) & (codes < self.start + self.count)

    def on(self, rows: pd.Index) -> Level:
        """The level with these values alone, for a table of these rows."""
        axis = self.level.axis
        end = self.start + self.count
        codes = axis.codes.loc[rows] - self.start
        part = replace(axis, values=axis.values[self.start : end], codes=codes)
        return Level(part, self.count, self.level.pictures[self.start : end])


Fits = Callable[[list[Span]], bool]


def arrangement(down: list[Span], across: list[Span], rows: pd.Index) -> Arrangement:
    """The levels of a page, for a table of these rows."""
    return Arrangement([span.on(rows) for span in down], [span.on(rows) for span in across])


def runs(spans: list[Span], fits: Fits) -> Iterator[list[Span]]:
    """The values in runs that fit, outermost level first; broken where an outer value changes.

    A run that cannot be made smaller is yielded even if it does not fit.
    """
    if not spans:
        yield []
        return
    outer, *inner = spans
    start = 0
    while start < outer.count:
        count = _most(outer, inner, start, fits)
        if count or not inner:
            yield [outer.part(start, max(1, count)), *inner]
        else:
            yield from _broken(outer.part(start, 1), inner, fits)
        start += max(1, count)


def _broken(outer: Span, inner: list[Span], fits: Fits) -> Iterator[list[Span]]:
    """The runs of a single outer value whose inner values do not fit together."""

    def fit_beside(part: list[Span]) -> bool:
        return fits([outer, *part])

    for run in runs(inner, fit_beside):
        yield [outer, *run]


def _most(outer: Span, inner: list[Span], start: int, fits: Fits) -> int:
    """How many values of the outer level fit, with all of the inner ones."""
    low = 0
    high = outer.count - start
    while low < high:
        middle = (low + high + 1) // 2
        if fits([outer.part(start, middle), *inner]):
            low = middle
        else:
            high = middle - 1
    return low
