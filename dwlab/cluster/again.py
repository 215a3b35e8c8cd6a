"""Chunks that came to nothing: what becomes of their cells."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from .chunks import Chunk, GivenUp, Group, Load, Misfortune

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .waiting import Waiting

# One cell that ends its workers is found in a chunk of 256 by eight halvings; if the smaller chunks
# never bring a picture of its group, all of the group is at fault, and this many in a row are enough.
MISFORTUNES_OF_GROUP = 4
# in a row, with nothing finished in between, until a place gets no more work while others do it
MISFORTUNES_OF_PLACE = 3


class Again:
    """Chunks that are to be tried again, and who and what was there when they came to nothing.

    waiting: the cells that nobody has got yet. is_open: whether a cell did not end yet.
    """

    def __init__(self, waiting: Waiting, is_open: Callable[[int], bool]) -> None:
        self._waiting = waiting
        self._is_open = is_open
        self._chunks: deque[Chunk] = deque()
        self._came_back: set[Group] = set()
        self._suspects: set[Group] = set()
        self._in_a_row: dict[str, int] = {}

    def positions(self) -> Iterator[int]:
        """The open cells that are to be tried again."""
        for chunk in self._chunks:
            yield from filter(self._is_open, chunk.positions)

    def came_back(self, group: Group) -> None:
        """A cell of a group ended on its worker."""
        self._came_back.add(group)

    def is_suspect(self, group: Group) -> bool:
        """Whether chunks of a group came to nothing, and none ever came back."""
        return group in self._suspects and group not in self._came_back

    def finished(self, place: str) -> None:
        """A chunk was finished in a place."""
        self._in_a_row[place] = 0

    def failed(self, place: str) -> None:
        """A chunk came to nothing in a place."""
        self._in_a_row[place] = self._in_a_row.get(place, 0) + 1

    def is_resting(self, place: str, places: Iterable[str]) -> bool:
        """Whether a place had nothing but misfortunes, while others among `places` did not."""
        return self._is_unlucky(place) and not all(map(self._is_unlucky, places))

    def _is_unlucky(self, place: str) -> bool:
        return self._in_a_row.get(place, 0) >= MISFORTUNES_OF_PLACE

    def put_back(self, chunk: Chunk, loads: list[Load]) -> None:
        """Let some cells of a chunk be tried again."""
        if loads:
            self._chunks.append(replace(chunk.with_loads(loads), moved_from=None))

    def take(
        self, place: str, others: Iterable[str], is_held_up: Callable[[Group], bool]
    ) -> Chunk | None:
        """A chunk to be tried again in a place. others: places where it could be tried as well."""
        elsewhere = set(others) - {place}
        for chunk in list(self._chunks):
            loads = [load for load in chunk.loads if self._is_open(load.position)]
            if not loads:
                self._chunks.remove(chunk)
            elif (chunk.avoid != place or not elsewhere) and not is_held_up(chunk.group):
                self._chunks.remove(chunk)
                return chunk.with_loads(loads)
        return None

    def blame(
        self, chunk: Chunk, loads: list[Load], misfortune: Misfortune, place: str
    ) -> list[GivenUp]:
        """Halve a chunk that came to nothing; a single cell gets a second try elsewhere.

        loads: its open cells. place: where it was. Returns the cells that are given up.
        """
        if not loads:
            return []
        chunk = replace(chunk, misfortunes=chunk.misfortunes + 1, avoid=place)
        if chunk.group not in self._came_back:
            self._suspects.add(chunk.group)
            if chunk.misfortunes >= MISFORTUNES_OF_GROUP:
                return self._give_up_group(chunk.group, loads, misfortune)
        if len(loads) > 1:
            middle = len(loads) // 2
            self.put_back(chunk, loads[:middle])
            self.put_back(chunk, loads[middle:])
        elif not chunk.is_second_try:
            self.put_back(replace(chunk, is_second_try=True), loads)
        else:
            return self._given_up(loads, f"its worker {misfortune.what} twice", misfortune)
        return []

    def _give_up_group(
        self, group: Group, loads: list[Load], misfortune: Misfortune
    ) -> list[GivenUp]:
        """Give up all cells like these: workers come to nothing one after the other."""
        loads = loads + self._waiting.take_all(group)
        for chunk in [chunk for chunk in self._chunks if chunk.group == group]:
            self._chunks.remove(chunk)
            loads += chunk.loads
        reason = (
            f"{MISFORTUNES_OF_GROUP} workers one after the other got such pictures, and each "
            f"{misfortune.what}"
        )
        return self._given_up(loads, reason, misfortune)

    def _given_up(
        self, loads: Iterable[Load], reason: str, misfortune: Misfortune
    ) -> list[GivenUp]:
        return [
            GivenUp(load.position, reason, misfortune.status)
            for load in loads
            if self._is_open(load.position)
        ]
