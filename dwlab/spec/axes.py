"""The values of one axis: written out, a range, evenly spaced, variants, or random seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .._util.checks import is_number, is_whole_number
from ..errors import InvalidInput
from . import checkpoint_axes, checkpoint_files, input_files, prompt_variants, spans

if TYPE_CHECKING:
    from collections.abc import Iterable

VARIANTS = "variants"  # the form of an axis whose texts dynamicprompts makes
LENGTH_LIMIT = 1_000_000  # an axis with more values is refused before they are made
_FORMS = (
    "a list of values, {range: [start, stop, step]}, {linspace: [start, stop, count]}, "
    "for a search with Optuna {from: low, to: high}, "
    'for a text {variants: "a {red|blue} star"}, or for seed {random: n}'
)


@dataclass(frozen=True)
class RandomSeeds:
    """`count` seeds that are drawn when the sweep first runs, and then kept in the store."""

    count: int

    def __len__(self) -> int:
        return self.count


Column = tuple[Any, ...] | RandomSeeds  # the values of an axis


@dataclass(frozen=True)
class _EvenlySpaced:
    """The numbers `start + span * k / parts` for each k below `count`; not made yet."""

    start: Decimal
    span: Decimal
    parts: int
    count: int

    def __len__(self) -> int:
        return self.count

    def values(self) -> tuple[int | float, ...]:
        return tuple(
            _plain(self.start + self.span * k / self.parts)  # exact, unlike sums of floats
            for k in range(self.count)
        )


def values(name: str, description: object) -> Column:
    """The values that the description of an axis stands for.

    A list stands for itself; `{range: [start, stop, step]}` counts like Python's range, without
    `stop`; `{linspace: [start, stop, count]}` spaces evenly, `stop` included; `{variants: text}`
    stands for the texts that a text with `{a|b}` in it makes; `{random: n}` (seeds only) draws n
    seeds once; `{folder: path}` and `{glob: pattern}` (pictures only) are the files there, and so is
    `{glob: pattern}` for models and their parts (see `checkpoint_files`); `{from: low, to: high}`, of
    which a search tries any value, stands for its ends (see `spans`). Raises InvalidInput, which
    names the axis.
    """
    column = _read(name, description)
    if isinstance(column, _EvenlySpaced):
        return column.values()
    return column if isinstance(column, RandomSeeds) else tuple(column)


def length(name: str, description: object) -> int:
    """How many values the description of an axis stands for, without making them.

    Raises InvalidInput, as `values` does.
    """
    return len(_read(name, description))


def check_placeholder_values(name: str, column: Iterable[object]) -> None:
    """Raise InvalidInput unless all values can be put into a prompt: texts and numbers."""
    for value in column:
        if not _fits_into_prompt(value):
            raise InvalidInput(
                f"axes.{name}",
                value,
                "text or numbers; put it in quotes if it is a word (YAML reads yes, no, on, off "
                'and null as something else: write "yes")',
            )


def _read(
    name: str, description: object
) -> list[Any] | tuple[Any, ...] | range | _EvenlySpaced | RandomSeeds:
    """An axis without its values, as far as they have to be made."""
    field = f"axes.{name}"
    if isinstance(description, list | tuple):
        if not description:
            raise InvalidInput(field, [], "at least one value")
        return description
    if isinstance(description, range):
        _check_length(field, description, len(description))
        return description
    if isinstance(description, dict):
        return _described(field, name, description)
    raise InvalidInput(field, description, _FORMS)


def _described(
    field: str, name: str, description: dict[str, object]
) -> list[Any] | tuple[Any, ...] | _EvenlySpaced | RandomSeeds:
    """An axis that a map describes, like `{range: [0, 4]}`."""
    if _names_files(name, description):
        return _files(field, name, description)
    if spans.is_span(description):
        return spans.parse(name, description).ends
    if len(description) == 1:
        ((form, argument),) = description.items()
        if form == "range":
            return _range(f"{field}.range", argument)
        if form == "linspace":
            return _linspace(f"{field}.linspace", argument)
        if form == VARIANTS:
            return prompt_variants.variants(f"{field}.{VARIANTS}", argument)
        if form == "random" and name == "seed":
            return _random_seeds(f"{field}.random", argument)
    raise InvalidInput(field, description, _FORMS)


def _names_files(name: str, description: object) -> bool:
    is_checkpoints = checkpoint_files.is_description(name, description)
    return is_checkpoints or input_files.is_description(name, description)


def _files(field: str, name: str, description: dict[str, object]) -> list[Any]:
    if checkpoint_files.is_description(name, description):
        return checkpoint_axes.values(field, name, description)
    return input_files.files(field, description)


def _range(field: str, argument: object) -> _EvenlySpaced:
    shape = "[stop], [start, stop] or [start, stop, step], numbers"
    numbers = _numbers(field, argument, (1, 2, 3), shape)
    start, stop, step = _start_stop_step(numbers)
    if step == 0:
        raise InvalidInput(field, argument, "a step other than 0")
    count = max(0, math.ceil((stop - start) / step))
    _check_length(field, argument, count)
    return _EvenlySpaced(start, span=step, parts=1, count=count)


def _start_stop_step(numbers: list[Decimal]) -> list[Decimal]:
    if len(numbers) == 1:
        return [Decimal(0), *numbers, Decimal(1)]
    if len(numbers) == 2:
        return [*numbers, Decimal(1)]
    return numbers


def _linspace(field: str, argument: object) -> _EvenlySpaced:
    start, stop, count = _numbers(field, argument, (3,), "[start, stop, count], numbers")
    if count != int(count) or count < 1:
        raise InvalidInput(field, argument, "a whole number of at least 1 as the count")
    _check_length(field, argument, int(count))
    return _EvenlySpaced(start, span=stop - start, parts=max(1, int(count) - 1), count=int(count))


def _random_seeds(field: str, argument: object) -> RandomSeeds:
    if not is_whole_number(argument) or not 1 <= argument <= LENGTH_LIMIT:
        raise InvalidInput(field, argument, f"how many seeds to draw, 1 to {LENGTH_LIMIT:,}")
    return RandomSeeds(argument)


def _numbers(field: str, argument: object, lengths: tuple[int, ...], shape: str) -> list[Decimal]:
    """The finite numbers in a list of an allowed length. shape: what is allowed, in words."""
    if not isinstance(argument, list | tuple) or len(argument) not in lengths:
        raise InvalidInput(field, argument, shape)
    if not all(map(is_number, argument)):
        raise InvalidInput(field, argument, shape)
    numbers = [Decimal(str(number)) for number in argument]  # 0.1 is a tenth then
    if not all(number.is_finite() for number in numbers):
        raise InvalidInput(field, argument, f"{shape}, all finite")
    return numbers


def _check_length(field: str, argument: object, count: int) -> None:
    if not 1 <= count <= LENGTH_LIMIT:
        shown = f"{count:,}" if count < 10**15 else "far more"
        raise InvalidInput(field, argument, f"1 to {LENGTH_LIMIT:,} values (this makes {shown})")


def _fits_into_prompt(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str) or is_whole_number(value)


def _plain(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)
