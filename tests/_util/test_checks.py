"""A number is told apart from what only looks like one."""

from __future__ import annotations

import pytest

from dwlab._util.checks import as_whole_number, check_whole_number, is_number, is_whole_number
from dwlab.errors import InvalidInput


@pytest.mark.parametrize("value", [0, -3, 10**400])
def test_an_integer_of_any_size_is_a_number_and_a_whole_number(value):
    assert is_number(value)
    assert is_whole_number(value)


@pytest.mark.parametrize("value", [1.5, 3.0, float("inf"), float("nan")])
def test_a_float_is_a_number_and_not_a_whole_number(value):
    assert is_number(value)
    assert not is_whole_number(value)


@pytest.mark.parametrize("value", [True, False, "3", None, [3], {}])
def test_truth_values_text_and_lists_are_not_numbers(value):
    assert not is_number(value)
    assert not is_whole_number(value)


def test_a_float_without_a_fraction_becomes_an_integer_and_nothing_else_changes():
    assert isinstance(as_whole_number(3.0), int)
    for value in (1.5, "3.0", True, None, float("inf")):
        assert as_whole_number(value) is value


def test_a_whole_number_within_the_limits_is_returned():
    assert [check_whole_number("steps", value, 1, 3) for value in (1, 2, 3)] == [1, 2, 3]


@pytest.mark.parametrize("value", [0, 4, 2.0, True, None, "x"])
def test_any_other_value_is_refused_with_the_limits(value):
    with pytest.raises(InvalidInput, match=r"steps is .*; allowed: a whole number from 1 to 3\.$"):
        check_whole_number("steps", value, 1, 3, ".")


def test_a_number_written_as_text_is_refused_with_the_remedy():
    with pytest.raises(InvalidInput, match="without quotes"):
        check_whole_number("steps", "2", 1, 3)
