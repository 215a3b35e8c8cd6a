"""Traces: numbers that were kept of a picture's steps, and their form as JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from .._util.checks import is_finite_number, is_whole_number
from ..errors import InvalidInput
from ..spec.probes import FILM
from .films import FRAMES_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

# what a method may record: numbers per value, numbers and names per picture. A line of an export has
# room for all of it.
VALUE_LIMIT = 1_024
NUMBERS_LIMIT = 16_384
NAMES_LIMIT = 32
# 1,000 steps of two calls of the model
STEPS_LIMIT = 2_000
REASON_LIMIT = 300  # characters

LEVEL_NUMBERS = 3  # that each value has besides its own: step, sigma, timestep

# None stands for what is not finite
Value: TypeAlias = "int | float | list[Value] | None"


@dataclass(frozen=True)
class Trace:
    """What was kept of a picture's steps under one name.

    steps: their numbers, from 1. sigmas, timesteps: the noise level at which the model was asked, None
    where it is not known. values: of these steps: numbers, or lists of numbers; of a film, the numbers
    of its frames, from 0. reason: why there are none.
    """

    name: str
    steps: tuple[int, ...] = ()
    sigmas: tuple[float | None, ...] = ()
    timesteps: tuple[float | None, ...] = ()
    values: tuple[Value, ...] = ()
    reason: str = ""

    @property
    def columns(self) -> list[tuple[Any, ...]]:
        """The steps with their values, as they are stored."""
        return [self.steps, self.sigmas, self.timesteps, self.values]

    @classmethod
    def of(cls, name: str, columns: Sequence[Sequence[Any]], reason: str) -> Trace:
        """The trace of some columns."""
        steps, sigmas, timesteps, values = map(tuple, columns)
        return cls(name, steps, sigmas, timesteps, values, reason)

    @classmethod
    def checked(cls, name: str, columns: object, reason: object) -> Trace:
        """The trace in a stranger's file, as lists; raises InvalidInput."""
        field = f"traces.{name}"
        is_text = isinstance(reason, str) and len(reason) <= REASON_LIMIT and reason.isprintable()
        if not is_text:
            raise InvalidInput(field, reason, f"text of at most {REASON_LIMIT} characters")
        if not isinstance(columns, list) or len(columns) != 4:
            raise InvalidInput(field, columns, "four lists")
        steps, sigmas, timesteps, values = (_list(field, column) for column in columns)
        if not len(steps) == len(sigmas) == len(timesteps) == len(values):
            raise InvalidInput(field, columns, "four lists of the same length")
        if not all(is_whole_number(step) and 0 < step <= STEPS_LIMIT for step in steps):
            raise InvalidInput(field, steps, f"steps from 1 to {STEPS_LIMIT:,}")
        for level in (*sigmas, *timesteps):
            if level is not None and not is_finite_number(level):
                raise InvalidInput(field, level, "a finite number")
        if name == FILM and not all(_is_frame(value) for value in values):
            raise InvalidInput(field, values, f"numbers of frames, below {FRAMES_LIMIT}")
        if sum(count(field, value) for value in values) > NUMBERS_LIMIT:
            raise InvalidInput(field, "more numbers", f"at most {NUMBERS_LIMIT:,}")
        return cls.of(name, [steps, sigmas, timesteps, values], str(reason))


def count(field: str, value: object) -> int:
    """How many numbers a value has; raises InvalidInput if it is neither a number nor lists of them."""
    if value is None or is_finite_number(value):
        return 1
    if not isinstance(value, list):
        raise InvalidInput(field, value, "numbers, or lists of numbers")
    return sum(count(field, each) for each in value)


def finite(value: Any) -> Value:
    """A number, or lists of them, with None for what is not finite."""
    if isinstance(value, list):
        return [finite(each) for each in value]
    if is_whole_number(value):
        return value
    number = float(value)
    return number if math.isfinite(number) else None


def _list(field: str, value: object) -> list[Any]:
    if not isinstance(value, list) or len(value) > STEPS_LIMIT:
        raise InvalidInput(field, value, f"a list of at most {STEPS_LIMIT:,} values")
    return value


def _is_frame(value: object) -> bool:
    """Whether a value is the number of a film's frame."""
    return is_whole_number(value) and 0 <= value < FRAMES_LIMIT
