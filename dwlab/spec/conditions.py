"""The conditions of skip rules: a value, some values, or {above: n}, {below: n}, {not: ...}.

Values are compared by what they mean: 3 is 3.0, and Heun is HeunDiscreteScheduler.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from .._util.checks import is_number
from ..errors import InvalidInput
from . import schedulers

Condition = Callable[[object], bool]  # whether a value is one that the rule is about
_KINDS = ("above", "below", "not")


def condition(field: str, name: str, written: object) -> Condition:
    """The condition that a rule sets for an axis; raises InvalidInput.

    field: where it is written. name: the axis. written: what is written there.
    """
    if not isinstance(written, Mapping):
        return _one_of(field, name, written)
    if not written or not set(written) <= set(_KINDS):
        raise InvalidInput(field, dict(written), f"conditions named {', '.join(_KINDS)}")
    return _All(
        tuple(
            _comparison(f"{field}.{kind}", name, kind, operand) for kind, operand in written.items()
        )
    )


@dataclass(frozen=True)
class _All:
    conditions: tuple[Condition, ...]

    def __call__(self, value: object) -> bool:
        return all(condition(value) for condition in self.conditions)


@dataclass(frozen=True)
class _Not:
    condition: Condition

    def __call__(self, value: object) -> bool:
        return not self.condition(value)


@dataclass(frozen=True)
class _Above:
    bound: float

    def __call__(self, value: object) -> bool:
        return is_number(value) and value > self.bound


@dataclass(frozen=True)
class _Below:
    bound: float

    def __call__(self, value: object) -> bool:
        return is_number(value) and value < self.bound


@dataclass(frozen=True)
class _OneOf:
    """Whether a value means the same as one of some; `meanings` is a set where it can be one."""

    name: str
    meanings: Collection[object]

    def __call__(self, value: object) -> bool:
        meaning = _meaning(self.name, value)
        if isinstance(self.meanings, frozenset) and not _is_hashable(meaning):
            return False
        return meaning in self.meanings


def _comparison(field: str, name: str, kind: str, operand: object) -> Condition:
    if kind == "not":
        return _Not(_one_of(field, name, operand))
    if not is_number(operand):
        raise InvalidInput(field, operand, "a number")
    return _Above(operand) if kind == "above" else _Below(operand)


def _one_of(field: str, name: str, written: object) -> _OneOf:
    values = written if isinstance(written, list | tuple) else [written]
    if name == "scheduler":
        for value in values:
            _check_scheduler(field, value)
    meanings = [_meaning(name, value) for value in values]
    if all(map(_is_hashable, meanings)):
        return _OneOf(name, frozenset(meanings))
    return _OneOf(name, meanings)


def _check_scheduler(field: str, value: object) -> None:
    try:
        schedulers.resolve(value)
    except InvalidInput as error:
        raise InvalidInput(field, value, error.allowed) from None


def _meaning(name: str, value: object) -> object:
    """A value in the form in which rules compare it."""
    if isinstance(value, bool):  # true and false are not 1 and 0
        return str(value), bool
    if name == "scheduler" and isinstance(value, str):
        return _meaning_of_scheduler(value)
    return value


@lru_cache(maxsize=1024)
def _meaning_of_scheduler(name: str) -> object:
    try:
        scheduler, options = schedulers.resolve(name)
    except InvalidInput:  # a value of the axis itself; its cell will be refused
        return name
    return scheduler, tuple(sorted(options.items()))


def _is_hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
