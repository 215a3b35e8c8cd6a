"""Seeds as text: a browser rounds integers above 2^53, and another seed is another picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from ..._util.checks import is_whole_number

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST = 2**63 - 1
ALLOWED = f"0 to {LARGEST}, as a number or as decimal text"
SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": LARGEST},
        {"type": "string", "pattern": "^[0-9]{1,19}$"},
    ],
    "description": ALLOWED,
}
_DECIMAL = re.compile("[0-9]{1,19}")  # LARGEST has 19 digits


def number(value: object) -> object:
    """The whole number that decimal text stands for; anything else unchanged."""
    return int(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else value


def text(value: object) -> object:
    """A whole number as decimal text; anything else unchanged."""
    return str(value) if is_whole_number(value) else value


def _checked_number(value: object) -> object:
    value = number(value)
    if isinstance(value, str):
        # a ValueError is what pydantic reports to the client
        raise ValueError(f"allowed: {ALLOWED}")  # noqa: TRY004
    return value


Seed = Annotated[
    int, Field(ge=0, le=LARGEST), BeforeValidator(_checked_number), WithJsonSchema(SCHEMA)
]


def as_text(sweep: Any) -> Any:
    """A sweep's plain values with every seed as text: below `seed` in base, axes and skip rules."""
    return _change_seeds(sweep, text)


def as_numbers(sweep: Any) -> Any:
    """A sweep's plain values with every seed as a number, even if a client wrote text."""
    return _change_seeds(sweep, number)


def _change_seeds(
    value: object, change: Callable[[object], object], *, is_seed: bool = False
) -> object:
    if isinstance(value, dict):
        changed = {}
        for name, inner in value.items():
            changed[name] = _change_seeds(inner, change, is_seed=_holds_seeds(name, is_seed))
        return changed
    if isinstance(value, list):
        return [_change_seeds(item, change, is_seed=is_seed) for item in value]
    return change(value) if is_seed else value


def _holds_seeds(name: object, is_seed: bool) -> bool:
    """Whether seeds stand below a name; `{random: n}` below `seed` says how many to draw."""
    return name == "seed" or (is_seed and name != "random")
