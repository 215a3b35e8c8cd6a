"""Skip rules: which combinations of a sweep are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from . import schedulers
from .errors import InvalidInput

Test = Callable[[Mapping[str, Any]], bool]  # of a combination
Condition = Callable[[Any], bool]  # of one of its values
_CONDITIONS = ("above", "below", "not")


def compile_rules(rules: Any, names: frozenset[str]) -> list[Test]:
    """One test a rule; a combination is dropped when every condition of some rule holds.

    A rule maps names to a value, a list of values (any of them), or `{above: n}`, `{below: n}`,
    `{not: value or list}`. Values are compared by what they mean: 3 is 3.0, and Heun is HeunDiscreteScheduler.
    Raises InvalidInput for an unknown name, condition or scheduler.
    """
    if not isinstance(rules, list | tuple):
        raise InvalidInput("skip", rules, "a list of rules, like [{scheduler: heun, steps: {above: 20}}]")
    return [_rule(f"skip[{k}]", rule, names) for k, rule in enumerate(rules)]


def _rule(place: str, rule: Any, names: frozenset[str]) -> Test:
    if not isinstance(rule, Mapping) or not rule:
        raise InvalidInput(place, rule, "a map from axis names to the values that are skipped")
    for name in rule:
        if name not in names:
            raise InvalidInput(f"{place}.{name}", name, f"one of {', '.join(sorted(names))}")
    conditions = {name: _condition(f"{place}.{name}", name, wanted) for name, wanted in rule.items()}
    return lambda point: all(name in point and test(point[name]) for name, test in conditions.items())


def _condition(place: str, name: str, wanted: Any) -> Condition:
    if not isinstance(wanted, Mapping):
        return _among(place, name, wanted)
    if not wanted or not set(wanted) <= set(_CONDITIONS):
        raise InvalidInput(place, dict(wanted), f"conditions named {', '.join(_CONDITIONS)}")
    tests = [_compared(f"{place}.{kind}", name, kind, bound) for kind, bound in wanted.items()]
    return lambda value: all(test(value) for test in tests)


def _compared(place: str, name: str, kind: str, bound: Any) -> Condition:
    if kind == "not":
        among = _among(place, name, bound)
        return lambda value: not among(value)
    if not _is_number(bound):
        raise InvalidInput(place, bound, "a number")
    return lambda value: _is_number(value) and (value > bound if kind == "above" else value < bound)


def _among(place: str, name: str, wanted: Any) -> Condition:
    """Whether a value means the same as `wanted`, or as one of a list."""
    listed = wanted if isinstance(wanted, list | tuple) else [wanted]
    for value in listed if name == "scheduler" else ():
        _check_scheduler(place, value)
    allowed = [_meaning(name, value) for value in listed]
    return lambda value: _meaning(name, value) in allowed


def _check_scheduler(place: str, value: Any) -> None:
    try:
        schedulers.resolve(value)
    except InvalidInput as error:
        raise InvalidInput(place, value, error.allowed) from None


def _meaning(name: str, value: Any) -> Any:
    """A value as rules compare it; true and false are not 1 and 0."""
    if isinstance(value, bool):
        return str(value), bool
    return _scheduler(value) if name == "scheduler" and isinstance(value, str) else value


@lru_cache(maxsize=1024)
def _scheduler(name: str) -> object:
    try:
        return schedulers.resolve(name)
    except InvalidInput:  # an axis' own value: its cell says so
        return name


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
