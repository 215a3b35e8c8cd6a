"""Where more speed begins to cost much more drift."""

from __future__ import annotations

import pytest

from dwlab.analysis.knee import Point, knee, pareto


def points(*pairs, reach=0.0):
    return [
        Point(f"{seconds:g} s", seconds, drift, drift + reach if drift else 0.0)
        for seconds, drift in pairs
    ]


BENT = ((8, 0.0), (4, 0.02), (2, 0.05), (1, 0.8))


def test_the_point_before_drift_soars_is_the_knee():
    assert knee(points(*BENT)).name == "2 s"


def test_points_that_a_faster_one_equals_do_not_count():
    worse = points(*BENT, (6, 0.4), (3, 0.06))
    assert [point.name for point in pareto(worse)] == ["1 s", "2 s", "4 s", "8 s"]
    assert knee(worse).name == "2 s"


@pytest.mark.parametrize(
    ("pairs", "reach"),
    [
        (((8, 0.0), (4, 0.3)), 0.0),
        # each halving costs the same
        (((8, 0.0), (4, 0.1), (2, 0.2), (1, 0.3)), 0.0),
        # an interval that reaches the line
        (BENT, 0.6),
        # nothing drifts
        (((8, 0.0), (4, 0.0), (2, 0.0)), 0.0),
        ((), 0.0),
    ],
)
def test_there_is_none_if_nothing_stands_out(pairs, reach):
    assert knee(points(*pairs, reach=reach)) is None
