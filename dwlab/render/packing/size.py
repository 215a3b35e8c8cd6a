"""How many rows a forward should have: grown while a row gets cheaper, halved when memory runs out."""

from __future__ import annotations

from dataclasses import dataclass, field

GAIN = 0.96  # twice the rows must cost a row less than this share of what it cost
TRIALS = 3  # forwards at a size, of which the fastest counts
PIXELS = {"cpu": 512 * 512, "gpu": 4096 * 1024}  # of the pictures that share the first forwards
PICTURES = 16  # of any size, at first
GROWTH = 4  # times that at most
COMPILED = 2  # times that from first to last, where each further size would have to be compiled


@dataclass
class Size:
    """The number of rows: `rows` now, at most `most`; it grows by itself until `settled`. decode: pictures at once."""

    rows: int
    most: int
    settled: bool = False
    decode: int = 1
    _seconds: list[float] = field(default_factory=list)  # a row's, at this size
    _before: float = float("inf")

    @classmethod
    def of(
        cls,
        pixels: int,
        device: str,
        *,
        pack: int | None = None,
        exact: int | None = None,
        compiled: bool = False,
    ) -> Size:
        """What to begin with for pictures of so many pixels; `pack` pictures, or `exact` rows, are kept to.

        A picture counts as two rows. The decoder gains little from several pictures, and needs much memory for them.
        """
        if exact:
            return cls(exact, exact, settled=True)
        first = max(1, min(PICTURES, PIXELS["cpu" if device == "cpu" else "gpu"] // pixels))
        pictures = pack or (COMPILED * first if compiled else first)
        settled, decode = pack is not None or compiled, max(1, min(4, pictures // 4))
        return cls(2 * pictures, 2 * GROWTH * pictures, settled=settled, decode=decode)

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

    def halve(self, rows: int, *, decodes: bool = False) -> None:
        """Memory ran out with so many rows of the denoiser, or pictures of the decoder: go on with half of them, and grow no more."""
        if not decodes:
            self.rows = max(1, min(self.rows, rows // 2))
        self.decode, self.settled = (max(1, rows // 2) if decodes else 1), True
