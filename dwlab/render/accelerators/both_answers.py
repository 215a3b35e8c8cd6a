"""Calls of a denoiser for both answers of guidance: row 0 without the prompt, row 1 with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree

from ..packing.calls import UNBATCHED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROWS = 2


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


def difference(answer: Any) -> Any:
    """What the prompt changes: its answer, less the one without it."""
    return pytree.tree_map_only(torch.Tensor, lambda rows: rows[1:] - rows[:1], answer)


def with_difference(answer: Any, before: Any) -> Any:
    """Both answers, if the prompt's is `answer` and changes as much as it did `before`."""
    return pytree.tree_map(lambda row, change: torch.cat([row - change, row]), answer, before)
