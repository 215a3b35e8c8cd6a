"""The tiles along one direction of a contact sheet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .sheet import GAP, LEVEL_GAP

if TYPE_CHECKING:
    from .arrangement import Level


@dataclass(frozen=True)
class Block:
    """The tiles that share a value of one level. value: its position on the axis."""

    start: int
    length: int
    value: int


class Track:
    """Tiles of `side` pixels in nested levels, outermost first.

    offsets: where each tile starts; the gap is wider where an outer level changes.
    """

    def __init__(self, levels: list[Level], side: int):
        self.counts = [level.count for level in levels]
        self.side = side
        self.offsets = self._offsets()

    @property
    def length(self) -> int:
        """Pixels from the first tile's start to the last one's end."""
        return self.offsets[-1] + self.side

    def blocks(self, level: int) -> list[Block]:
        """The blocks of one level, each of which gets a label."""
        tiles = math.prod(self.counts[level + 1 :])
        blocks = []
        for first in range(0, len(self.offsets), tiles):
            start = self.offsets[first]
            end = self.offsets[first + tiles - 1] + self.side
            value = first // tiles % self.counts[level]
            blocks.append(Block(start, end - start, value))
        return blocks

    def _offsets(self) -> list[int]:
        offsets = [0]
        for tile in range(1, math.prod(self.counts)):
            gap = GAP + LEVEL_GAP * self._changes(tile)
            offsets.append(offsets[-1] + self.side + gap)
        return offsets

    def _changes(self, tile: int) -> int:
        """How many outer levels have another value than at the tile before."""
        sizes = [math.prod(self.counts[level:]) for level in range(1, len(self.counts))]
        return sum(tile % size == 0 for size in sizes)
