"""How many rows a forward should have: grown while a row gets cheaper, halved if memory runs out."""

from __future__ import annotations

from dataclasses import dataclass, field

GAIN = 0.96  # with twice the rows, a row must cost less than this share of what it did
TRIALS = 3  # forwards of each size, of which the fastest counts
PIXELS = {"cpu": 512 * 512, "gpu": 4096 * 1024}  # of all pictures that share the first forwards
PICTURES = 16  # in the first forwards at most, however small they are
GROWTH = 4  # the largest size, in first sizes
# Pictures in the forwards of models that are made anew for each size, in first pictures: how many,
# by what compiles them. OpenVINO's rows cost the same from 16 rows on.
COMPILED = {"torch": 2.0, "openvino": 0.5}


@dataclass
class Size:
    """The number of rows of a forward.

    rows: now. most: the limit of growth. settled: whether growth is over. decode: pictures that
    the decoder takes at once.
    """

    rows: int
    most: int
    settled: bool = False
    decode: int = 1
    _row_seconds: list[float] = field(default_factory=list)  # measured at this size
    _best_before: float = float("inf")  # seconds per row at the size before

    @classmethod
    def of(
        cls,
        pixels: int,
        device: str,
        *,
        pack: int | None = None,
        exact: int | None = None,
        compiled: str = "",
    ) -> Size:
        """The first size, for pictures of so many pixels; it never grows with `pack` or `exact`.

        A picture counts as two rows. The decoder gains little from several pictures at once, and
        needs much memory for them. compiled: the backend of a model that is made anew for each size.
        """
        if exact:
            return cls(exact, exact, settled=True)
        kind = "cpu" if device == "cpu" else "gpu"
        pictures = max(1, min(PICTURES, PIXELS[kind] // pixels))
        if compiled:
            pictures = max(1, round(pictures * COMPILED[compiled]))
        if pack:
            pictures = pack
        return cls(
            rows=2 * pictures,
            most=2 * GROWTH * pictures,
            settled=bool(pack or compiled),
            decode=max(1, min(4, pictures // 4)),
        )

    def measured(self, rows: int, seconds: float) -> None:
        """Take note of a forward's time, and grow or settle; forwards that were not full are ignored."""
        if self.settled or rows < self.rows - 1:
            return
        self._row_seconds.append(seconds / rows)
        if len(self._row_seconds) < TRIALS:
            return
        best = min(self._row_seconds)
        if best > GAIN * self._best_before:
            self.rows //= 2
            self.settled = True
        elif 2 * self.rows > self.most:
            self.settled = True
        else:
            self.rows *= 2
            self._row_seconds = []
            self._best_before = best

    def halve(self, rows: int, *, decodes: bool = False) -> None:
        """Take half of what memory did not suffice for, and stop growing.

        rows: of the denoiser's forward that failed, or pictures of the decoder's if `decodes`.
        """
        if decodes:
            self.decode = max(1, rows // 2)
        else:
            self.rows = max(1, min(self.rows, rows // 2))
            self.decode = 1
        self.settled = True
