"""What is told of a cell whose picture could not be made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DwlabError, first_line
from ..events import Failed
from ..models import memory

if TYPE_CHECKING:
    from .resolved_cell import ResolvedCell

MESSAGE_LIMIT = 500  # characters


def failed(cell: ResolvedCell, error: Exception) -> Failed:
    """The event of a cell that failed because of `error`."""
    return Failed(
        cell.position,
        cell.params,
        error=_message(error),
        status="oom" if is_out_of_memory(error) else "failed",
    )


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error, or the one that caused it, says that memory ran out."""
    return any(memory.is_out_of_memory(each) for each in (error, error.__cause__) if each)


def _message(error: Exception) -> str:
    if isinstance(error, DwlabError):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {first_line(error)}"
    return text[:MESSAGE_LIMIT]
