"""Calls of a denoiser for both answers of guidance.

Most families ask for both in one call: row 0 without the prompt, row 1 with it. Others ask twice per step,
first with the prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree

from ...spec import families
from ...spec.accelerators import TWO_CALLS
from ..packing.calls import UNBATCHED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .drawing import Drawing

ROWS = 2


class TwoCalls:
    """The calls of a family that asks twice per step. answer: the last one with the prompt."""

    answer: Any

    def __init__(self, drawing: Drawing) -> None:
        family = families.of(type(drawing.pipeline).__name__)
        self._is_such = family is not None and family.pipeline in TWO_CALLS
        self._last_step = drawing.last_step
        self._asked_in: int | None = None

    @property
    def is_second(self) -> bool:
        """Whether the next call is the one without the prompt."""
        return self._is_such and self._asked_in == self._last_step.count

    def first(self, answer: Any) -> Any:
        """Take note of an answer with the prompt, and return it."""
        self._asked_in = self._last_step.count
        self.answer = answer
        return answer


def asks_both(arguments: Sequence[Any], named: Mapping[str, Any]) -> bool:
    """Whether a call has a row for each of both answers."""
    first = next(iter((*arguments, *named.values())))
    return len(first) == ROWS


def of_prompt(
    arguments: Sequence[Any], named: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call for the prompt's answer alone."""
    rows = pytree.tree_map_only(torch.Tensor, _last_row, list(arguments))
    named_rows = {
        name: value if name in UNBATCHED else pytree.tree_map_only(torch.Tensor, _last_row, value)
        for name, value in named.items()
    }
    return rows, named_rows


def _last_row(tensor: torch.Tensor) -> torch.Tensor:
    is_of_rows = tensor.ndim > 0 and len(tensor) == ROWS
    return tensor[1:] if is_of_rows else tensor


def twice(answer: Any) -> Any:
    """The prompt's answer as both: no guidance makes a difference then."""
    return pytree.tree_map_only(torch.Tensor, lambda row: torch.cat([row, row]), answer)


def change_in(answer: Any) -> Any:
    """What the prompt changes, by both answers."""
    return pytree.tree_map_only(torch.Tensor, lambda rows: rows[1:] - rows[:1], answer)


def both(answer: Any, change: Any) -> Any:
    """Both answers, if the prompt's is `answer`, and changes so much."""
    return pytree.tree_map(lambda row, less: torch.cat([row - less, row]), answer, change)


def minus(answer: Any, other: Any) -> Any:
    """The difference of two answers of the same form."""
    return pytree.tree_map(torch.sub, answer, other)
