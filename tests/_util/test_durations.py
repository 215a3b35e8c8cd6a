"""Durations are written as people read them."""

from __future__ import annotations

import pytest

from dwlab._util.durations import duration, rough_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (0.0415, "0.04 s"),
        (0.0996, "0.1 s"),
        (3.21, "3.2 s"),
        (10, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.9, "1 h 00 min"),
        (4350, "1 h 12 min"),
        (100 * 3600, "100 h 00 min"),
    ],
)
def test_a_measured_duration_has_the_units_that_fit_its_size(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(45, "45 s"), (89.4, "89 s"), (90, "2 min"), (720, "12 min"), (5400, "1.5 h")],
)
def test_an_estimated_duration_is_rounded(seconds, text):
    assert rough_duration(seconds) == text
