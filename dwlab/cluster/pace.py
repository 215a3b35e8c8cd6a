"""How large chunks are and how long they may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """How large chunks are and how long they may take.

    seconds: that a chunk lasts while there is plenty of work. least: seconds, towards the end.
    first: cells in chunks of which nothing is known. most: cells. late: how many times its time,
    and how many seconds on top, a chunk may take before idle workers get half of it.
    patience: how many times the time of a chunk, and how many seconds on top, a worker may give no
    sign of life; unknown: seconds if nothing is known of its time.
    """

    seconds: float = 30.0
    least: float = 1.0
    first: int = 2
    most: int = 256
    late: tuple[float, float] = (2.0, 5.0)
    patience: tuple[float, float] = (10.0, 120.0)
    unknown: float = 1800.0


PACE = Pace()
