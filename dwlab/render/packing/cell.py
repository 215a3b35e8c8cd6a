"""A cell under way: a stock pipeline's call in a greenlet, with its times and what its denoiser answers."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

from ...models.settings import denoiser_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Clock:
    """The times of a cell.

    begun: when it first called the denoiser, by `time.perf_counter`. seconds: its share of the
    forwards that it took part in.
    """

    begun: float | None = None
    seconds: float = 0.0

    def begin(self, *_: object) -> None:
        """Note the time of the first of several calls."""
        if self.begun is None:
            self.begun = time.perf_counter()


class RunningCell(greenlet):
    """A thread of control that runs one cell's pipeline."""

    def __init__(self, job: Callable[[], None]) -> None:
        super().__init__(job)
        self.clock = Clock()
        # what is told of its denoiser's answers
        self.hear: Callable[[Any], None] | None = None


@contextlib.contextmanager
def timed(pipeline: Any) -> Iterator[Clock]:
    """The clock of the cell that runs now, or a new one for a pipeline that runs by itself."""
    cell = getcurrent()
    if isinstance(cell, RunningCell):
        yield cell.clock
        return
    clock = Clock()
    hook = denoiser_of(pipeline).register_forward_pre_hook(clock.begin)
    try:
        yield clock
    finally:
        hook.remove()


@contextlib.contextmanager
def heard(pipeline: Any, hear: Callable[..., None]) -> Iterator[None]:
    """Tell `hear` what a pipeline's denoiser answers, as the last of its arguments."""
    cell = getcurrent()
    if isinstance(cell, RunningCell):
        cell.hear = hear
        try:
            yield
        finally:
            cell.hear = None
        return
    hook = denoiser_of(pipeline).register_forward_hook(hear)
    try:
        yield
    finally:
        hook.remove()


def telling(compute: Callable[..., Any]) -> Callable[..., Any]:
    """A denoiser's method that tells the cell under way what it answers."""

    def compute_and_tell(*args: Any, **kwargs: Any) -> Any:
        answer = compute(*args, **kwargs)
        cell = getcurrent()
        if cell.hear:
            cell.hear(answer)
        return answer

    return compute_and_tell
