"""How long a run waits for its workers."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.durations import duration
from .gone import AGAIN, AllRefused, NobodyComputes

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waits:
    """How long the driver waits, in seconds.

    look: between looks at what nobody tells. present: between questions who is here. answer: for a
    worker that is asked for a first picture, which may read its weights for that. notice: until it
    says that no worker takes anything, and lonely: until it gives up. stop: for what workers
    finish when everything is to stop.
    """

    look: float = 0.5
    present: float = 10.0
    answer: float = 1800.0
    notice: float = 10.0
    lonely: float = 600.0
    stop: float = 10.0


WAITS = Waits()


class Loneliness:
    """Since when no worker has taken anything. now: the time, in seconds of any clock."""

    def __init__(self, waits: Waits, now: float) -> None:
        self._waits = waits
        self._busy = now
        self._is_noticed = False
        self._is_accepted = False

    def accept(self) -> None:
        """A worker may work on the run; if it leaves, it may come again."""
        self._is_accepted = True

    def end(self, now: float) -> None:
        """A worker has something to do."""
        self._busy = now
        self._is_noticed = False

    def watch(self, now: float, refusals: Iterable[str]) -> None:
        """Say that no worker takes anything, and raise NobodyComputes or AllRefused if that lasts.

        refusals: why workers that are here were refused.
        """
        lonely = now - self._busy
        reasons = "".join(f"; {reason}" for reason in refusals)
        patience = self._waits.lonely
        if reasons and not self._is_accepted:
            patience = self._waits.notice
        if lonely > patience:
            error = AllRefused if reasons else NobodyComputes
            raise error(f"no worker took a picture for {duration(lonely)}{reasons}; {AGAIN}")
        if lonely > self._waits.notice and not self._is_noticed:
            self._is_noticed = True
            left = duration(self._waits.lonely - lonely)
            log.warning("waiting for a worker; without one, the run ends in %s", left)
