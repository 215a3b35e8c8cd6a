"""Time as a device passes it: marks in its queue of work, read once it has come to them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias

from .device import synchronize

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    # an event of CUDA, or seconds of `time.perf_counter`
    Mark: TypeAlias = float | torch.cuda.Event


class DeviceClock:
    """Marks points in the work of a device.

    CUDA takes a mark into its queue, and nothing waits for it. A CPU queues nothing. MPS has no
    events that dwlab has tried, so that it is waited for at each mark.
    """

    def __init__(self, device: str) -> None:
        self._device = device

    def mark(self) -> Mark:
        """A point behind all work that was queued so far."""
        import torch

        if not self._device.startswith("cuda"):
            synchronize(self._device)
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        # that of this device, which need not be the current one
        event.record(torch.cuda.current_stream(self._device))
        return event

    def is_reached(self, mark: Mark) -> bool:
        """Whether the device has come to a mark."""
        return isinstance(mark, float) or mark.query()

    def seconds(self, begin: Mark, end: Mark) -> float:
        """The time between two marks of this clock; waits until the device has come to the second."""
        if isinstance(begin, float) or isinstance(end, float):
            return float(end) - float(begin)  # type: ignore[arg-type]  # both are
        end.synchronize()
        return begin.elapsed_time(end) / 1000


class KernelSeconds:
    """Times calls by events that a CUDA device itself records; other devices record none."""

    def __init__(self, device: str) -> None:
        self._is_cuda = device.startswith("cuda")
        self._clock = DeviceClock(device)
        self._calls: list[tuple[Mark, Mark]] = []

    def around(self, work: Callable[[], object]) -> None:
        """Do `work` between two events."""
        if not self._is_cuda:
            work()
            return
        begin = self._clock.mark()
        work()
        self._calls.append((begin, self._clock.mark()))

    @property
    def seconds(self) -> list[float]:
        """Seconds per call."""
        return [self._clock.seconds(begin, end) for begin, end in self._calls]
