"""An axis has the values that its description stands for."""

from __future__ import annotations

import pytest

from dwlab.errors import InvalidInput
from dwlab.spec.axes import values


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([3, 1, 2], (3, 1, 2)),
        ({"range": [4]}, (0, 1, 2, 3)),
        ({"range": [0, 8]}, tuple(range(8))),
        ({"range": [1, 9, 2]}, (1, 3, 5, 7)),
        ({"range": [5, 0, -2]}, (5, 3, 1)),
        ({"range": [0, 1, 0.1]}, (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)),
        ({"linspace": [1, 9, 5]}, (1, 3, 5, 7, 9)),
        ({"linspace": [0, 1, 5]}, (0, 0.25, 0.5, 0.75, 1)),
        ({"linspace": [2, 9, 1]}, (2,)),
    ],
)
def test_an_axis_is_a_list_a_range_or_evenly_spaced_numbers(given, expected):
    assert values("steps", given) == expected


@pytest.mark.parametrize(
    "given",
    [
        [], "abc", 5, None, {}, {"rang": [1]}, {"range": [0, 8], "linspace": [1, 2, 3]}, {"range": []},
        {"range": [1, 2, 0]}, {"range": [5, 1]}, {"range": [0, 10**9]}, {"range": [0, float("inf")]},
        {"range": ["a", "b"]}, {"linspace": [0, 1, 0]}, {"linspace": [0, 1, 2.5]}, {"linspace": [0, 1]},
        {"random": 3},
    ],
)  # fmt: skip
def test_a_bad_axis_is_refused_by_name(given):
    with pytest.raises(InvalidInput, match=r"axes\.steps"):
        values("steps", given)
