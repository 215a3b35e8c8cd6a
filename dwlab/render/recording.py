"""`dwlab.record`: a method keeps a number of the step that it is in."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING

from ..errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Recorder = Callable[[object, object], None]

# cells that run side by side have a context each
_recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)


def record(name: str, value: object) -> None:
    """Keep a value of the step under way, within a method (docs/probes.md).

    name: up to 40 letters, digits and _. value: a number, or an array of at most 1,024 numbers: a list, a
    numpy array or a tensor. `Results.traces(name)` has it as a table. The key of the cell does not
    change. Raises InvalidInput for other values and names, for a second value in one step, and for more
    than 16,384 numbers per cell; RenderError outside a method.
    """
    recorder = _recorder.get()
    if recorder is None:
        raise RenderError(
            "dwlab.record keeps values of a step, so it can be called only within a method while that makes "
            "a picture, in the method's own thread; see docs/probes.md"
        )
    recorder(name, value)


@contextlib.contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Hand what is recorded within the block to `recorder`."""
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        _recorder.reset(token)
