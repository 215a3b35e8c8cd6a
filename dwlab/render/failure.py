"""What is told of a cell whose picture could not be made."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from ..errors import DwlabError, first_line
from ..events import Failed
from ..models import memory

if TYPE_CHECKING:
    from .resolved_cell import ResolvedCell

MESSAGE_LIMIT = 500  # characters
TRACEBACK_LIMIT = 10_000
_LIBRARIES = (Path(__file__).parents[1], sysconfig.get_path("stdlib"))


def failed(cell: ResolvedCell, error: Exception, lines: str = "") -> Failed:
    """The event of a cell that failed because of `error`. lines: where, in a user's own code."""
    return Failed(
        cell.position,
        cell.params,
        error=_writable(_message(error)),
        status="oom" if is_out_of_memory(error) else "failed",
        traceback=_writable(lines),
    )


def own_lines(error: BaseException) -> str:
    """The lines of a traceback that are code of the user's own, and the one that raised.

    Files are called by their names, without folders.
    """
    frames = traceback.extract_tb(error.__traceback__)
    what = traceback.format_exception_only(error)
    return "".join([own_stack(frames), *what])[-TRACEBACK_LIMIT:]


def own_stack(frames: traceback.StackSummary) -> str:
    """The frames that are code of the user's own, and the innermost one, as Python shows them."""
    kept = [frame for frame in frames[:-1] if _is_own(frame.filename)] + frames[-1:]
    lines = [
        f'  File "{PurePath(frame.filename).name}", line {frame.lineno}, in {frame.name}\n'
        f"    {frame.line}\n"
        for frame in kept
    ]
    return "".join(lines)


def _is_own(file: str) -> bool:
    """Whether a file is neither dwlab's nor an installed package's, nor Python's."""
    path = PurePath(file)
    is_installed = not {"site-packages", "dist-packages"}.isdisjoint(path.parts)
    return not is_installed and not any(path.is_relative_to(folder) for folder in _LIBRARIES)


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error, or the one that caused it, says that memory ran out."""
    return any(memory.is_out_of_memory(each) for each in (error, error.__cause__) if each)


def _message(error: Exception) -> str:
    if isinstance(error, DwlabError):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {_first_line(error)}"
    return text[:MESSAGE_LIMIT]


def _first_line(error: Exception) -> str:
    try:
        return first_line(error)
    # an error of a user's own may fail to say what it is
    except Exception:  # noqa: BLE001
        return "it has no text"


def _writable(text: str) -> str:
    """A text that a store can keep."""
    return text.encode("utf-8", "backslashreplace").decode()
