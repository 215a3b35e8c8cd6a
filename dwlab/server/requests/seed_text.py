"""Seeds as text: a browser rounds whole numbers of JSON above 2^53, and another seed is another picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from ..._util.checks import is_whole_number

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST = 2**63 - 1
_DECIMAL = re.compile("[0-9]{1,19}")  # as long as the largest
WORDS = f"0 to {LARGEST}, as a number or as decimal text"
SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": LARGEST},
        {"type": "string", "pattern": "^[0-9]{1,19}$"},
    ],
    "description": WORDS,
}


def number(value: Any) -> Any:
    """The whole number that decimal text stands for; anything else as it is, for its own check to judge."""
    return int(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else value


def text(value: Any) -> Any:
    """A whole number as decimal text; anything else as it is."""
    return str(value) if is_whole_number(value) else value


def _only_numbers(value: Any) -> Any:
    value = number(value)
    if isinstance(value, str):
        raise ValueError(f"allowed: {WORDS}")  # noqa: TRY004  # the kind of error that pydantic tells the client
    return value


Seed = Annotated[
    int, Field(ge=0, le=LARGEST), BeforeValidator(_only_numbers), WithJsonSchema(SCHEMA)
]


def as_text(given: Any) -> Any:
    """A sweep's plain values, with every seed in them as text: below `seed` in its base, axes and skip rules."""
    return _below_seed(given, text)


def as_numbers(given: Any) -> Any:
    """A sweep's plain values as `as_text` gives them, or as a client wrote them, with every seed as a number."""
    return _below_seed(given, number)


def _below_seed(given: Any, change: Callable[[Any], Any], *, inside: bool = False) -> Any:
    if isinstance(given, dict):
        return {
            name: _below_seed(value, change, inside=_names_seeds(name, inside))
            for name, value in given.items()
        }
    if isinstance(given, list):
        return [_below_seed(value, change, inside=inside) for value in given]
    return change(given) if inside else given


def _names_seeds(name: Any, inside: bool) -> bool:
    """Whether what stands below a name are seeds: `{random: n}` says how many to draw."""
    return name == "seed" or (inside and name != "random")
