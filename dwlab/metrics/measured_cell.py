"""What a metric is told of the cell whose picture it measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..spec.params import FIELDS, GenerationParams

if TYPE_CHECKING:
    from collections.abc import Mapping


class MeasuredCell:
    """A cell, for the metric that measures its picture.

    It has its `key` and the values of its recipe, like `cell.prompt`, `cell.steps` and
    `cell.guidance`, as the store keeps them.
    """

    def __init__(self, key: str, params: Mapping[str, Any]) -> None:
        self.key = key
        self._params = params

    def __getattr__(self, name: str) -> Any:
        """A value of the recipe."""
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._params:
            return self._params[name]
        if name in FIELDS:
            # what recipes leave out is empty
            return getattr(GenerationParams, name, None)
        raise AttributeError(f"a cell has no {name}; it has {', '.join(sorted(FIELDS))}")
