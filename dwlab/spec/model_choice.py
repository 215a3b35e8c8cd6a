"""What decides which weights are loaded, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .components import Components


class ModelChoice(NamedTuple):
    """The parameters of a cell that say which model it needs, as they were asked for."""

    model: str
    dtype: str = "auto"
    variant: str | None = None
    config: str = ""
    parts: Components = ()
