"""Checks of a single value that many rooms need: is it a number, a whole one, within its limits."""

from __future__ import annotations

import sys
from typing import TypeGuard

from ..errors import InvalidInput


def is_whole_number(value: object) -> TypeGuard[int]:
    """Whether a value is an integer; True and False are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a value is an integer or a float; True and False are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_finite_number(value: object) -> TypeGuard[int | float]:
    """Whether a value is a number that a float can hold: not NaN, not infinite, not beyond 1.8e308."""
    return is_number(value) and abs(value) <= sys.float_info.max


def as_whole_number(value: object) -> object:
    """3 for 3.0; any other value as it is."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def check_whole_number(field: str, value: object, low: int, high: int, hint: str = "") -> int:
    """Return `value`, an integer from `low` to `high`; raise InvalidInput if it is anything else.

    hint: ends the sentence that says what is allowed.
    """
    if is_whole_number(value) and low <= value <= high:
        return value
    allowed = f"a whole number from {low} to {high}{hint}{without_quotes(value)}"
    raise InvalidInput(field, value, allowed)


def without_quotes(value: object) -> str:
    """The end of a sentence about numbers, for a number that was written as text."""
    is_quoted = isinstance(value, str) and value[:1].isdigit()
    return ", without quotes" if is_quoted else ""
