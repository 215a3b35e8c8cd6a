"""How many rows a forward should have: grown while a row gets cheaper, halved when memory runs out."""

from __future__ import annotations

from dataclasses import dataclass, field

GAIN = 0.96  # twice the rows must cost a row less than this share of what it cost
TRIALS = 3  # forwards at a size, of which the fastest counts


@dataclass
class Size:
    """The number of rows: `rows` now, at most `most`; it grows by itself until `settled`."""

    rows: int
    most: int
    settled: bool = False
    _seconds: list[float] = field(default_factory=list)  # a row's, at this size
    _before: float = float("inf")

    def measured(self, rows: int, seconds: float) -> None:
        """Hear what a forward took; one that was not full says nothing."""
        if self.settled or rows < self.rows - 1:
            return
        self._seconds.append(seconds / rows)
        if len(self._seconds) < TRIALS:
            return
        best = min(self._seconds)
        if best > GAIN * self._before:
            self.rows, self.settled = self.rows // 2, True
        elif 2 * self.rows > self.most:
            self.settled = True
        else:
            self.rows, self._seconds, self._before = 2 * self.rows, [], best

    def halve(self) -> None:
        """Memory ran out: go on with half the rows, and grow no more."""
        self.rows, self.settled = max(1, self.rows // 2), True
