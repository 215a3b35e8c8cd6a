"""The knee of a frontier of seconds against drift: where more speed begins to cost much more drift."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# settings on the frontier, two of which are its ends
FEWEST = 3


@dataclass(frozen=True)
class Point:
    """A setting: seconds per picture (above 0), and its drift with the upper end of its interval."""

    name: str
    seconds: float
    drift: float
    high: float


def pareto(points: Sequence[Point]) -> list[Point]:
    """The points that no faster one equals, the fastest first."""
    chosen: list[Point] = []
    for point in sorted(points, key=lambda each: (each.seconds, each.drift)):
        if not chosen or point.drift < chosen[-1].drift:
            chosen.append(point)
    return chosen


def knee(points: Sequence[Point]) -> Point | None:
    """The point of the frontier that lies deepest below the straight line between its ends.

    This is Kneedle (Satopaa et al. 2011, "Finding a 'Kneedle' in a Haystack", section III) for a
    curve that falls and flattens, without smoothing: both axes run from 0 to 1, that of seconds as
    a logarithm, so that twice as fast counts alike everywhere. None if the frontier has fewer than
    three points, and if even the upper end of the deepest point's interval is not below the line:
    then drift grows about evenly with speed, and no point stands out.
    """
    line = pareto(points)
    if len(line) < FEWEST:
        return None
    fastest, slowest = line[0], line[-1]
    span = math.log(slowest.seconds / fastest.seconds)
    height = fastest.drift - slowest.drift

    def depth(point: Point, drift: float) -> float:
        along = math.log(point.seconds / fastest.seconds) / span
        return (1 - along) - (drift - slowest.drift) / height

    deepest = max(line[1:-1], key=lambda point: depth(point, point.drift))
    return deepest if depth(deepest, deepest.high) > 0 else None
