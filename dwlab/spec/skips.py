"""Skip rules: which combinations of a sweep are left out.

A rule is tried on each value of an axis once, not on each combination. The rules that match a value
are kept as the bits of one whole number, one bit per rule. A combination is dropped by the rules
whose bits are set for all of its values.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from .conditions import Condition, condition

if TYPE_CHECKING:
    from .zipped import Step

    _JudgedStep = tuple[Step, int]  # with the rules that match it

COMBINATIONS = 1_000_000  # so many may be walked through to find those that the rules leave
TRIALS = 10_000_000  # of a condition on a value: a few seconds' work


class Rules:
    """Skip rules as they are written: a combination is dropped if all conditions of some rule hold.

    A rule maps names to conditions (see `conditions`). Raises InvalidInput for an unknown name,
    condition or scheduler.
    """

    def __init__(self, rules: object, names: frozenset[str]) -> None:
        if not isinstance(rules, list | tuple):
            allowed = "a list of rules, like [{scheduler: heun, steps: {above: 20}}]"
            raise InvalidInput("skip", rules, allowed)
        self._count = len(rules)
        # name -> the conditions on it, each with the bit of its rule
        self._conditions: dict[str, list[tuple[int, Condition]]] = {}
        for index, rule in enumerate(rules):
            for name, holds in _conditions_of(f"skip[{index}]", rule, names).items():
                self._conditions.setdefault(name, []).append((1 << index, holds))
        # name -> the rules without a condition on it, which match any value
        self._indifferent: dict[str, int] = {}
        for name, conditions in self._conditions.items():
            self._indifferent[name] = self.all - sum(bit for bit, _ in conditions)

    def __len__(self) -> int:
        return self._count

    @property
    def all(self) -> int:
        """The bits of all rules."""
        return (1 << self._count) - 1

    def check_work(self, columns: Mapping[str, Sized], combinations: int) -> None:
        """Raise InvalidInput if trying the rules would take longer than a person waits."""
        if not self._count:
            return
        if combinations > COMBINATIONS:
            value = f"{combinations:,} combinations"
            raise InvalidInput("axes", value, f"at most {COMBINATIONS:,} before skip rules")
        trials = sum(
            len(columns[name]) * len(conditions)
            for name, conditions in self._conditions.items()
            if name in columns
        )
        if trials > TRIALS:
            raise InvalidInput(
                "skip",
                f"a list of {self._count:,} rules",
                f"rules whose conditions are tried on values at most {TRIALS:,} times in all "
                f"(these: {trials:,} times)",
            )

    def kept(
        self, base: Mapping[str, object], groups: Sequence[Sequence[Step]]
    ) -> Iterator[list[Step]]:
        """The combinations that no rule drops, as one step per group.

        The last group varies fastest. base: the values of names that are not axes. groups: the steps of each group of axes.
        """
        for combination, dropping in self._combinations(base, groups):
            if not dropping:
                yield [step for step, _ in combination]

    def dropping(
        self, base: Mapping[str, object], groups: Sequence[Sequence[Step]]
    ) -> Iterator[int]:
        """For each combination, the bits of the rules that drop it. Arguments: see `kept`."""
        for _, dropping in self._combinations(base, groups):
            yield dropping

    def _combinations(
        self, base: Mapping[str, object], groups: Sequence[Sequence[Step]]
    ) -> Iterator[tuple[tuple[_JudgedStep, ...], int]]:
        matching_base = self._matching_base(base, groups)
        for combination in itertools.product(*map(self._judged, groups)):
            dropping = matching_base
            for _, matching in combination:
                dropping &= matching
            yield combination, dropping

    def _matching_base(self, base: Mapping[str, object], groups: Sequence[Sequence[Step]]) -> int:
        """The rules that match all names that are not axes."""
        axes = set().union(*(steps[0] for steps in groups if steps))
        matching = self.all
        for name in self._conditions.keys() - axes:
            if name in base:
                matching &= self._matching(name, base[name])
            else:
                matching &= self._indifferent[name]
        return matching

    def _judged(self, steps: Sequence[Step]) -> list[_JudgedStep]:
        return [(step, self._matching_step(step)) for step in steps]

    def _matching_step(self, step: Step) -> int:
        matching = self.all
        for name, value in step.items():
            matching &= self._matching(name, value)
        return matching

    def _matching(self, name: str, value: object) -> int:
        """The rules that match a value of this name: their condition holds, or they have none."""
        matching = self._indifferent.get(name, self.all)
        for bit, holds in self._conditions.get(name, ()):
            if holds(value):
                matching |= bit
        return matching


def _conditions_of(field: str, rule: object, names: frozenset[str]) -> dict[str, Condition]:
    if not isinstance(rule, Mapping) or not rule:
        raise InvalidInput(field, rule, "a map from axis names to the values that are skipped")
    for name in rule:
        if name not in names:
            raise InvalidInput(f"{field}.{name}", name, f"one of {', '.join(sorted(names))}")
    return {name: condition(f"{field}.{name}", name, written) for name, written in rule.items()}
