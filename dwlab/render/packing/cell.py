"""A cell under way: a stock pipeline's call in a greenlet, with its times."""

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
