"""A device that accepts work at once and does it later, as GPUs do, for tests of whatever times one."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class QueueDevice:
    """Its clock only moves when something happens.

    launch: seconds that giving it work takes. now: of the host. free_at: when it will have done all
    that it was given. waits: how often it was waited for.
    """

    launch: float
    now: float = 0.0
    free_at: float = 0.0
    given: list[int] = field(default_factory=list)
    waits: int = 0

    def enqueue(self, k: int, cost: float) -> None:
        self.given.append(k)
        self.now += self.launch
        self.free_at = max(self.free_at, self.now) + cost

    def synchronise(self) -> None:
        self.waits += 1
        self.now = max(self.now, self.free_at)

    def clock(self) -> float:
        return self.now

    # as `dwlab.models.device_clock.DeviceClock`

    def mark(self) -> float:
        return max(self.now, self.free_at)

    def is_reached(self, mark: float) -> bool:
        return mark <= self.now

    def seconds(self, begin: float, end: float) -> float:
        return end - begin


class WaitingClock:
    """A clock as people write it first: it waits for the device at each mark."""

    def __init__(self, device: QueueDevice) -> None:
        self.device = device

    def mark(self) -> float:
        self.device.synchronise()
        return self.device.now

    def seconds(self, begin: float, end: float) -> float:
        return end - begin
