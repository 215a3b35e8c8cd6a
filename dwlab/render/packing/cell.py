"""A cell under way: a stock pipeline's call in a greenlet, with its times and what its denoiser answers."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

from ...models.settings import denoiser_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    import torch

    from ...models.device_clock import DeviceClock, Mark


@dataclass
class Clock:
    """The times of a cell.

    device: its clock. begun: when the cell first called the denoiser. seconds: its share of the
    forwards that it took part in.
    """

    device: DeviceClock
    begun: Mark | None = None
    seconds: float = 0.0

    def begin(self, *_: object) -> None:
        """Note the time of the first of several calls."""
        if self.begun is None:
            self.begun = self.device.mark()


class RunningCell(greenlet):
    """A thread of control that runs one cell's pipeline.

    is_beginning: whether it has made no step yet. calls: of the denoiser and of ControlNets so far.
    """

    def __init__(self, job: Callable[[], None], clock: DeviceClock) -> None:
        super().__init__(job)
        self.clock = Clock(clock)
        self.is_beginning = False
        self.calls = 0
        self._alike: Hashable = None
        # what is told of its denoiser's answers
        self.hear: Callable[[Any], None] | None = None

    def begin(self, alike: Hashable) -> None:
        """Make no step yet. alike: what is equal for cells that begin with the same calls, None if not known."""
        self.is_beginning = True
        self._alike = alike

    def has_begun(self) -> None:
        """Be after the first step: no call is that of another cell from then on."""
        self.is_beginning = False
        self._alike = None

    @property
    def alike(self) -> Hashable:
        """What is equal for cells whose next call is the same; None if that is not known.

        Some families ask several times before the first step, with other values each time.
        """
        return None if self._alike is None else (self._alike, self.calls)


def taken_off(*values: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Values of the cell that runs now, in the computer's memory; other cells go on meanwhile.

    Those of a pipeline that runs by itself stay where they are.
    """
    cell = getcurrent()
    is_there = all(each.device.type == "cpu" for each in values)
    if is_there or not isinstance(cell, RunningCell):
        return values
    hosts: tuple[torch.Tensor, ...] = cell.parent.switch(values)
    return hosts


def begins(alike: Hashable) -> None:
    """Say that the cell that runs now begins, and which others begin with the same calls: those of an equal `alike`."""
    cell = getcurrent()
    if isinstance(cell, RunningCell):
        cell.begin(alike)


def has_begun() -> None:
    """Say that the cell that runs now has made a step: its calls are not those of other cells from then on."""
    cell = getcurrent()
    if isinstance(cell, RunningCell):
        cell.has_begun()


@contextlib.contextmanager
def timed(pipeline: Any, device: DeviceClock) -> Iterator[Clock]:
    """The clock of the cell that runs now, or a new one for a pipeline that runs by itself."""
    cell = getcurrent()
    if isinstance(cell, RunningCell):
        yield cell.clock
        return
    clock = Clock(device)
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
