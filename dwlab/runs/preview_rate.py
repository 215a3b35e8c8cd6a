"""Previews at a rate at which making them takes hardly any of a run's time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
SHARE = 0.01  # of the time that previews may take
LEAST_SECONDS = 0.25  # between two previews of the same picture
LONGEST_WAIT = 2.0  # seconds, for processor time that passes slowly because a GPU does the work


class PreviewRate:
    """Previews come in waves, with at most one of each picture in a wave.

    A wave is followed by a pause that is as long as SHARE demands: few previews of large pictures on
    a slow machine, several per second otherwise. The first preview is not counted, because it loads
    or fits the decoder.

    clock: seconds, from any beginning. processor: seconds of the process's own work. On a machine
    that is busy with other work the pause lasts longer, because fewer steps are made in its time.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.perf_counter,
        processor: Callable[[], float] = time.process_time,
    ) -> None:
        self._clock = clock
        self._processor = processor
        self._wave: set[int] = set()
        self._wave_seconds = 0.0
        self._wave_began = 0.0
        self._wave_work = 0.0
        self._work_began = 0.0
        self._is_first = True

    def make(self, index: int, draw: Callable[[], T]) -> T | None:
        """What `draw` makes of the picture of that index; None if it is too early for it."""
        began = self._clock()
        work_began = self._processor()
        if self._is_time(began, work_began):
            self._wave.clear()
            self._wave_seconds = 0.0
            self._wave_began = began
            self._wave_work = 0.0
            self._work_began = work_began
        if index in self._wave:
            return None
        self._wave.add(index)
        preview = draw()
        if not self._is_first:
            self._wave_seconds += self._clock() - began
            self._wave_work += self._processor() - work_began
        self._is_first = False
        return preview

    def _is_time(self, now: float, work: float) -> bool:
        """Whether the pause after the last wave is over."""
        seconds = now - self._wave_began
        if seconds < max(LEAST_SECONDS, self._wave_seconds / SHARE):
            return False
        return seconds >= LONGEST_WAIT or work - self._work_began >= self._wave_work / SHARE
