"""Skip rules: which combinations of a sweep are left out.

A rule is tried on each axis' values once, not on each combination: what a value leaves standing of all rules is one whole
number, a bit per rule, and a combination is dropped by the rules whose bits stand in the numbers of all its values.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from functools import lru_cache
from typing import Any

from .._util.checks import is_number
from ..errors import InvalidInput
from . import schedulers

Condition = Callable[[Any], bool]  # of one value
Step = Mapping[str, Any]  # what a group of axes takes together
COMBINATIONS = 1_000_000  # that are walked through to see which of them the rules leave
TRIALS = 10_000_000  # of a rule's condition on a value, a few seconds' work
_CONDITIONS = ("above", "below", "not")


class Rules:
    """Skip rules as they are written: a combination is dropped when every condition of some rule holds.

    A rule maps names to a value, a list of values (any of them), or `{above: n}`, `{below: n}`,
    `{not: value or list}`. Values are compared by what they mean: 3 is 3.0, and Heun is HeunDiscreteScheduler.
    Raises InvalidInput for an unknown name, condition or scheduler.
    """

    def __init__(self, rules: Any, names: frozenset[str]) -> None:
        if not isinstance(rules, list | tuple):
            raise InvalidInput(
                "skip", rules, "a list of rules, like [{scheduler: heun, steps: {above: 20}}]"
            )
        self._count = len(rules)
        self._conditions: dict[str, list[tuple[int, Condition]]] = {}
        for k, rule in enumerate(rules):
            for name, condition in _rule(f"skip[{k}]", rule, names).items():
                self._conditions.setdefault(name, []).append((1 << k, condition))
        self._silent = {
            name: self.all - sum(bit for bit, _ in own) for name, own in self._conditions.items()
        }

    def __len__(self) -> int:
        return self._count

    @property
    def all(self) -> int:
        """The bits of all rules."""
        return (1 << self._count) - 1

    def check_work(self, columns: Mapping[str, Sized], combinations: int) -> None:
        """Raise InvalidInput for more work than a person waits for: values of axes, and combinations of them."""
        if not self._count:
            return
        if combinations > COMBINATIONS:
            raise InvalidInput(
                "axes",
                f"{combinations:,} combinations",
                f"at most {COMBINATIONS:,} before skip rules",
            )
        trials = sum(
            len(columns[name]) * len(own)
            for name, own in self._conditions.items()
            if name in columns
        )
        if trials > TRIALS:
            raise InvalidInput(
                "skip",
                f"a list of {self._count:,} rules",
                f"rules whose conditions are tried on values at most {TRIALS:,} times in all (these: {trials:,} times)",
            )

    def standing(self, name: str, value: Any) -> int:
        """The bits of the rules that a value of this name does not speak against."""
        bits = self._silent.get(name, self.all)
        for bit, condition in self._conditions.get(name, ()):
            if condition(value):
                bits |= bit
        return bits

    def combine(
        self, base: Mapping[str, Any], groups: Sequence[Sequence[Step]]
    ) -> Iterator[tuple[tuple[Step, ...], int]]:
        """Each combination of the groups' steps, with the bits of the rules that drop it; the last group varies fastest.

        base: the values that stand still, where no axis has their names.
        """
        moving = {name for group in groups for step in group[:1] for name in step}
        still = self.all
        for name in self._conditions.keys() - moving:
            still &= self.standing(name, base[name]) if name in base else self._silent[name]
        for steps in itertools.product(
            *([(step, self._of_step(step)) for step in group] for group in groups)
        ):
            left = still
            for _, standing in steps:
                left &= standing
            yield tuple(step for step, _ in steps), left

    def _of_step(self, step: Step) -> int:
        bits = self.all
        for name, value in step.items():
            bits &= self.standing(name, value)
        return bits


def _rule(place: str, rule: Any, names: frozenset[str]) -> dict[str, Condition]:
    if not isinstance(rule, Mapping) or not rule:
        raise InvalidInput(place, rule, "a map from axis names to the values that are skipped")
    for name in rule:
        if name not in names:
            raise InvalidInput(f"{place}.{name}", name, f"one of {', '.join(sorted(names))}")
    return {name: _condition(f"{place}.{name}", name, wanted) for name, wanted in rule.items()}


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
    if not is_number(bound):
        raise InvalidInput(place, bound, "a number")
    return lambda value: is_number(value) and (value > bound if kind == "above" else value < bound)


def _among(place: str, name: str, wanted: Any) -> Condition:
    """Whether a value means the same as `wanted`, or as one of a list."""
    listed = wanted if isinstance(wanted, list | tuple) else [wanted]
    for value in listed if name == "scheduler" else ():
        _check_scheduler(place, value)
    meanings = [_meaning(name, value) for value in listed]
    try:
        allowed: Any = frozenset(meanings)
    except TypeError:  # lists and maps among them
        return lambda value: _meaning(name, value) in meanings
    return lambda value: _hashable(meaning := _meaning(name, value)) and meaning in allowed


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
        cls, options = schedulers.resolve(name)
    except InvalidInput:  # an axis' own value: its cell says so
        return name
    return cls, tuple(sorted(options.items()))


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
