"""The parameters of a method: types and bounds, as its annotations say."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeGuard, get_args, get_origin

from ..._util.checks import as_whole_number, is_number, is_whole_number, without_quotes
from ...errors import InvalidInput
from ..prompt_text import UNWRITABLE

Value = int | float | str | bool

TEXT_LIMIT = 10_000  # characters of a value
ANNOTATIONS = (
    "int, float, str, bool, Literal[...], or a number with bounds, like "
    "Annotated[float, dwlab.Range(0, 1)]"
)
# of functions, classes and parameters, in a form that a row can hold
NAME = re.compile(r"[A-Za-z_]\w{0,100}", re.ASCII)
_TYPES = (int, float, str, bool)


def is_text(value: object) -> TypeGuard[str]:
    """Whether a value is a text that a store can keep."""
    is_short = isinstance(value, str) and len(value) <= TEXT_LIMIT
    return is_short and not UNWRITABLE.search(str(value))


def is_value(value: object) -> TypeGuard[Value]:
    """Whether a value is one that a parameter can have: a finite number, a text, true or false."""
    if is_number(value):
        # compares whole numbers exactly, however large
        return abs(value) <= sys.float_info.max
    return isinstance(value, bool) or is_text(value)


@dataclass(frozen=True)
class Range:
    """The bounds of a number, both allowed; raises InvalidInput unless they are two numbers in order."""

    least: float
    most: float

    def __post_init__(self) -> None:
        if not (is_number(self.least) and is_number(self.most) and self.least <= self.most):
            raise InvalidInput(
                "Range", (self.least, self.most), "two numbers, the smaller one first"
            )

    def __str__(self) -> str:
        return f"from {self.least:g} to {self.most:g}"


def _spelt(annotation: Any) -> Any:
    return annotation.__name__ if isinstance(annotation, type) else annotation


@dataclass(frozen=True)
class Parameter:
    """A keyword-only parameter of a method.

    type: of its values. choices: those of a Literal, otherwise empty. default: None if a value must
    be given.
    """

    name: str
    type: type
    choices: tuple[Value, ...] = ()
    range: Range | None = None
    default: Value | None = None

    @classmethod
    def of(cls, name: str, annotation: Any, default: object) -> Parameter:
        """A parameter from its annotation. default: None without one.

        Raises InvalidInput for an annotation that says no type, and for a default that does not fit.
        """
        field = f"method.{name}"
        if not NAME.fullmatch(name):
            raise InvalidInput(
                field, name, "a name of at most 101 letters from A to z, digits and _"
            )
        bounds = None
        if get_origin(annotation) is Annotated:
            annotation, *notes = get_args(annotation)
            ranges = [note for note in notes if isinstance(note, Range)]
            if len(ranges) > 1:
                raise InvalidInput(f"the annotation of {field}", "two Ranges", "a single one")
            bounds = next(iter(ranges), None)
        choices = get_args(annotation) if get_origin(annotation) is Literal else ()
        kind = type(choices[0]) if choices else annotation
        if kind not in _TYPES or not all(map(is_value, choices)):
            raise InvalidInput(f"the annotation of {field}", _spelt(annotation), ANNOTATIONS)
        if bounds and kind not in (int, float):
            raise InvalidInput(
                f"the annotation of {field}", _spelt(annotation), "a number, beside a Range"
            )
        parameter = cls(name, kind, choices, bounds)
        if default is None:
            return parameter
        value = parameter.checked(f"the default of {field}", default)
        return cls(name, kind, choices, bounds, value)

    def checked(self, field: str, value: object) -> Value:
        """A value in the form in which it is kept; raises InvalidInput, which names the field."""
        number = as_whole_number(value) if self.type is int else value
        if self.choices:
            return self._choice(field, value)
        if not self._is_of_type(number) or (self.range and not self._is_in_range(number)):
            raise InvalidInput(field, value, f"{self.allowed}{without_quotes(value)}")
        if self.type is float:
            return float(number) + 0.0  # type: ignore[arg-type]  # makes 0.0 of -0.0
        return number  # type: ignore[return-value]

    @property
    def allowed(self) -> str:
        """Which values are allowed, in words."""
        if self.choices:
            return f"one of {', '.join(map(str, self.choices))}"
        words = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
        bounds = f" {self.range}" if self.range else ""
        return words[self.type] + bounds

    def _choice(self, field: str, value: object) -> Value:
        for choice in self.choices:
            # True is no 1
            if choice == value and type(choice) is type(value):
                return choice
        raise InvalidInput(field, value, self.allowed)

    def _is_of_type(self, value: object) -> bool:
        is_of_type = {
            float: is_number(value),
            int: is_whole_number(value),
            str: isinstance(value, str),
            bool: isinstance(value, bool),
        }
        return is_of_type[self.type] and is_value(value)

    def _is_in_range(self, value: Any) -> bool:
        return self.range is None or self.range.least <= value <= self.range.most
