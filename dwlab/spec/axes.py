"""Axes: the values of one (written out, a range, evenly spaced, or random seeds), and those that move together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .._util.checks import is_number, is_whole_number
from ..errors import InvalidInput
from .names import SPELLINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

LENGTH_LIMIT = 1_000_000  # an axis beyond it is refused before its values are made


@dataclass(frozen=True)
class RandomSeeds:
    """`count` seeds that are drawn when the sweep first runs, then kept in the store."""

    count: int

    def __len__(self) -> int:
        return self.count


Column = tuple[Any, ...] | RandomSeeds  # the values of an axis


def values(name: str, spec: Any) -> Column:
    """The values that an axis' description stands for.

    A list stands for itself; `{range: [start, stop, step]}` counts like Python's range, `stop`
    left out; `{linspace: [start, stop, count]}` spaces evenly, `stop` taken in; `{random: n}`
    (seeds only) draws n seeds once. Raises InvalidInput naming the axis.
    """
    return _described(name, spec)[1]()


def length(name: str, spec: Any) -> int:
    """How many values an axis' description stands for; none is made. Raises InvalidInput as `values` does."""
    return _described(name, spec)[0]


def _described(name: str, spec: Any) -> tuple[int, Callable[[], Column]]:
    """How many values an axis has, and what makes them."""
    field = f"axes.{name}"
    if isinstance(spec, list | tuple):
        if not spec:
            raise InvalidInput(field, [], "at least one value")
        return len(spec), lambda: tuple(spec)
    if isinstance(spec, range):
        _limited(field, spec, len(spec))
        return len(spec), lambda: tuple(spec)
    if isinstance(spec, dict) and len(spec) == 1:
        kind, argument = next(iter(spec.items()))
        if kind == "range":
            return _range(f"{field}.range", argument)
        if kind == "linspace":
            return _linspace(f"{field}.linspace", argument)
        if kind == "random" and name == "seed":
            if not is_whole_number(argument) or not 1 <= argument <= LENGTH_LIMIT:
                raise InvalidInput(
                    f"{field}.random", argument, f"how many seeds to draw, 1 to {LENGTH_LIMIT:,}"
                )
            return argument, lambda: RandomSeeds(argument)
    raise InvalidInput(
        field,
        spec,
        "a list of values, {range: [start, stop, step]}, {linspace: [start, stop, count]}, or for seed {random: n}",
    )


def check_texts(name: str, column: Iterable[Any]) -> None:
    """Raise InvalidInput unless the values of a placeholder can stand in a prompt: texts and numbers."""
    for value in column:
        # whole numbers may be of any size; isfinite fails on those beyond a float
        number = is_whole_number(value) or (isinstance(value, float) and math.isfinite(value))
        if not number and not isinstance(value, str):
            raise InvalidInput(
                f"axes.{name}", value, 'text or numbers; put it in quotes if it is a word (YAML takes yes, no, on, off '
                'and null for something else: write "yes")'
            )  # fmt: skip


def zip_groups(zipped: Any) -> list[list[str]]:
    """The groups of axes that move together, under dwlab's own names; raises InvalidInput for anything but lists of names."""
    if not isinstance(zipped, list | tuple) or not all(
        isinstance(group, list | tuple) for group in zipped
    ):
        raise InvalidInput(
            "zip", zipped, "a list of groups of axis names, like [[scheduler, steps]]"
        )
    return [
        [SPELLINGS.get(name, name) if isinstance(name, str) else name for name in group]
        for group in zipped
    ]


def grouped(
    zipped: Iterable[Sequence[str]], columns: Mapping[str, Column]
) -> list[tuple[str, ...]]:
    """All axes in groups: those that are zipped together, and each other axis alone.

    Raises InvalidInput for a name that is no axis or stands twice, and for axes of different lengths.
    """
    member: dict[str, tuple[str, ...]] = {}
    for group in zipped:
        lengths: dict[str, int] = {}
        for name in group:
            if (
                not isinstance(name, str)
                or name not in columns
                or name in member
                or name in lengths
            ):
                raise InvalidInput(
                    "zip", name, f"an axis, once ({', '.join(columns) or 'there are none'})"
                )
            lengths[name] = len(columns[name])
        if len(set(lengths.values())) > 1:
            raise InvalidInput("zip", lengths, "axes of the same length")
        member |= dict.fromkeys(group, tuple(group))
    return list(dict.fromkeys(member.get(name, (name,)) for name in columns))


def joint(
    group: Sequence[str], columns: Mapping[str, Column], seeds: Sequence[int]
) -> list[dict[str, Any]]:
    """The values that a group of axes takes together, one map a step; `seeds` stand where the axis is random."""
    given = [seeds if isinstance(columns[name], RandomSeeds) else columns[name] for name in group]
    return [dict(zip(group, row, strict=True)) for row in zip(*given, strict=True)]


def _numbers(field: str, argument: Any, counts: tuple[int, ...], shape: str) -> list[Decimal]:
    good = isinstance(argument, list | tuple) and len(argument) in counts
    if not good or not all(is_number(n) for n in argument):
        raise InvalidInput(field, argument, shape)
    numbers = [Decimal(str(n)) for n in argument]  # 0.1 is then a tenth, and sums stay exact
    if not all(n.is_finite() for n in numbers):
        raise InvalidInput(field, argument, f"{shape}, all finite")
    return numbers


def _range(field: str, argument: Any) -> tuple[int, Callable[[], Column]]:
    numbers = _numbers(
        field, argument, (1, 2, 3), "[stop], [start, stop] or [start, stop, step], numbers"
    )
    zero, one = Decimal(0), Decimal(1)
    start, stop, step = {1: (zero, *numbers, one), 2: (*numbers, one), 3: tuple(numbers)}[
        len(numbers)
    ]
    if step == 0:
        raise InvalidInput(field, argument, "a step other than 0")
    count = max(0, math.ceil((stop - start) / step))
    _limited(field, argument, count)
    return count, lambda: tuple(_plain(start + k * step) for k in range(count))


def _linspace(field: str, argument: Any) -> tuple[int, Callable[[], Column]]:
    start, stop, asked = _numbers(field, argument, (3,), "[start, stop, count], numbers")
    if asked != int(asked) or asked < 1:
        raise InvalidInput(field, argument, "a whole count of at least 1")
    count = int(asked)
    _limited(field, argument, count)
    gaps = max(1, count - 1)
    return count, lambda: tuple(_plain(start + (stop - start) * k / gaps) for k in range(count))


def _limited(field: str, argument: Any, count: int) -> None:
    if not 1 <= count <= LENGTH_LIMIT:
        gives = f"{count:,}" if count < 10**15 else "far more"
        raise InvalidInput(field, argument, f"1 to {LENGTH_LIMIT:,} values (this gives {gives})")


def _plain(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)
