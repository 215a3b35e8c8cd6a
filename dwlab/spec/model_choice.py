"""What decides which weights are loaded, and how."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ..errors import InvalidInput
from .memory import NONE

if TYPE_CHECKING:
    from .components import Components

_VARIANT = re.compile(r"\w{1,40}", re.ASCII)


class ModelChoice(NamedTuple):
    """The parameters of a cell that say which model it needs, as they were asked for.

    first: for the model of a second stage, that of the first, whose settings it has.
    """

    model: str
    dtype: str = "auto"
    variant: str | None = None
    config: str = ""
    parts: Components = ()
    first: ModelChoice | None = None
    quantisation: str = NONE


def checked_variant(name: str, value: object) -> str | None:
    """The form of a model's weights, like fp16; None for the plain one. Raises InvalidInput."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _VARIANT.fullmatch(value):
        raise InvalidInput(name, value, "letters, digits and _, like fp16")
    return value
