"""Skip rules: which combinations of a sweep are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import InvalidInput

Test = Callable[[Mapping[str, Any]], bool]
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "above": lambda value, bound: value > bound,
    "below": lambda value, bound: value < bound,
    "not": lambda value, other: value not in (other if isinstance(other, list) else [other]),
}


def compile_rules(rules: Any, names: frozenset[str]) -> list[Test]:
    """One test a rule; a combination is dropped when every condition of some rule holds.

    A rule maps names to a value, a list of values (any of them), or `{above: n}`, `{below: n}`,
    `{not: value or list}`. Raises InvalidInput for an unknown name or condition.
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
    conditions = {name: _condition(f"{place}.{name}", wanted) for name, wanted in rule.items()}
    return lambda point: all(name in point and test(point[name]) for name, test in conditions.items())


def _condition(place: str, wanted: Any) -> Callable[[Any], bool]:
    if isinstance(wanted, Mapping):
        if not wanted or not set(wanted) <= set(_COMPARISONS):
            raise InvalidInput(place, dict(wanted), f"conditions named {', '.join(_COMPARISONS)}")
        for name in ("above", "below"):
            if name in wanted and (isinstance(wanted[name], bool) or not isinstance(wanted[name], int | float)):
                raise InvalidInput(f"{place}.{name}", wanted[name], "a number")
        return lambda value: all(_holds(name, value, bound) for name, bound in wanted.items())
    allowed = wanted if isinstance(wanted, list | tuple) else [wanted]
    return lambda value: value in allowed


def _holds(name: str, value: Any, bound: Any) -> bool:
    if name != "not" and not isinstance(value, int | float):
        return False
    return _COMPARISONS[name](value, bound)
