"""Which values a setting may have: numbers within limits, words, and parts of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from .._util.checks import is_number, is_whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

SWITCH = (True, False)
_SPELLED: dict[str | bool | None, str] = {"": '""', None: "null"}


@dataclass(frozen=True)
class Number:
    """A number from `low` to `high`; only whole numbers, if `whole`."""

    low: float
    high: float
    whole: bool = False

    def allows(self, value: object) -> TypeGuard[int | float]:
        """Whether a value is one of these."""
        if not is_number(value) or (self.whole and not is_whole_number(value)):
            return False
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"a {'whole ' * self.whole}number from {self.low} to {self.high}"


@dataclass(frozen=True)
class Choice:
    """One of some words, true, false or null."""

    values: tuple[str | bool | None, ...]

    def allows(self, value: object) -> bool:
        """Whether a value is one of these."""
        return isinstance(value, str | bool | None) and value in self.values

    def __str__(self) -> str:
        if self.values == SWITCH:
            return "true or false"
        written = [_SPELLED.get(value, str(value)) for value in self.values]
        return f"one of {', '.join(written)}"


@dataclass(frozen=True)
class Interval:
    """A part of a run, [start, end]: 0 is its beginning, 1 its end."""

    def allows(self, value: object) -> TypeGuard[Sequence[float]]:
        """Whether a value is one of these."""
        if not isinstance(value, list | tuple) or len(value) != 2:
            return False
        share = Number(0, 1)
        return all(share.allows(end) for end in value) and value[0] < value[1]

    def __str__(self) -> str:
        return "[start, end], two numbers from 0 to 1, the first one below the second"
