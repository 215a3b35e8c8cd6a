"""What decides which weights are loaded, and how."""

from __future__ import annotations

from typing import NamedTuple


class ModelChoice(NamedTuple):
    """The parameters of a cell that say which model it needs, as they were asked for."""

    model: str
    dtype: str = "auto"
    variant: str | None = None
    config: str = ""
