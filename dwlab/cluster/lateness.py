"""Which chunks take far longer than they should."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .chunks import Chunk
    from .pace import Pace
    from .rates import Rates


class Lateness:
    """Judges chunks by measured rates and the pace of a run."""

    def __init__(self, rates: Rates, pace: Pace) -> None:
        self._rates = rates
        self._pace = pace

    def is_hanging(self, worker: str, chunk: Chunk, silent: float) -> bool:
        """Whether a worker hangs. silent: for how many seconds it has given no sign of life."""
        expected = self._rates.expected(worker, chunk)
        if expected is None:
            return silent > self._pace.unknown
        times, seconds = self._pace.patience
        load_seconds = self._rates.load_seconds(chunk.group)
        return silent > times * (expected + load_seconds) + seconds

    def is_late(self, worker: str, chunk: Chunk, taken: float) -> bool:
        """Whether idle workers may take a part of a chunk. taken: seconds that it has taken so far."""
        expected = self._rates.expected(worker, chunk)
        # a part is not parted again
        if expected is None or chunk.moved_from is not None:
            return False
        times, seconds = self._pace.late
        load_seconds = self._rates.load_seconds(chunk.group)
        return taken > times * expected + load_seconds + seconds
