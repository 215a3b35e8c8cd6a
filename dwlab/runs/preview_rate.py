"""Previews at a rate at which making them takes hardly any of a run's time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
SHARE = 0.01  # of the time that previews may take
LEAST_SECONDS = 0.25  # between two previews of the same picture


class PreviewRate:
    """Previews come in waves, with at most one of each picture in a wave.

    A wave is followed by a pause that is as long as SHARE demands: few previews of large pictures on
    a slow machine, several per second otherwise. The first preview is not counted, because it loads
    or fits the decoder.

    clock: seconds, from any beginning.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._wave: set[int] = set()
        self._wave_seconds = 0.0
        self._wave_began = 0.0
        self._is_first = True

    def make(self, index: int, draw: Callable[[], T]) -> T | None:
        """What `draw` makes of the picture of that index; None if it is too early for it."""
        began = self._clock()
        if began >= self._next_wave:
            self._wave.clear()
            self._wave_seconds = 0.0
            self._wave_began = began
        if index in self._wave:
            return None
        self._wave.add(index)
        preview = draw()
        if not self._is_first:
            self._wave_seconds += self._clock() - began
        self._is_first = False
        return preview

    @property
    def _next_wave(self) -> float:
        return self._wave_began + max(LEAST_SECONDS, self._wave_seconds / SHARE)
