"""Which cells make the next chunk for which worker: policy only, without Dask and without a clock.

The driver and the simulation of up to 512 GPUs use it alike. A chunk goes where its model is
already, lasts about half a minute by measured rates, and less towards the end, when half of what is
left is shared between all workers again and again (guided self-scheduling, Polychronopoulos and
Kuck, IEEE Transactions on Computers 36, 1987). Every cell is given to one worker, and to another
one only if the first came to nothing or takes far too long.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .chunks import DIED, HUNG, Chunk, GivenUp, Group, Load, Misfortune
from .rates import Rates
from .waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# One cell that ends its workers is found in a chunk of 256 by eight halvings; if the smaller chunks
# never bring a picture of its group, all of the group is at fault, and this many in a row are enough.
MISFORTUNES_OF_GROUP = 4
# in a row, with nothing finished in between, until a place gets no more work while others do it
MISFORTUNES_OF_PLACE = 3


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


@dataclass
class _Given:
    """A chunk on a worker.

    began: when it became the first one there. sign: of life, the last. delivered: the cost of the
    cells that it brought.
    """

    chunk: Chunk
    worker: str
    began: float | None = None
    sign: float = 0.0
    delivered: float = 0.0
    is_obsolete: bool = False

    def __post_init__(self) -> None:
        self.costs = {load.position: load.cost for load in self.chunk.loads}


@dataclass
class _Worker:
    """place: stays the same when the worker is restarted. held: models in its memory."""

    place: str
    chunks: list[_Given] = field(default_factory=list)
    group: Group | None = None
    held: set[object] = field(default_factory=set)
    is_hung: bool = False


class Placing:
    """The cells of a run, and who has them."""

    def __init__(self, loads: Iterable[Load], pace: Pace = PACE) -> None:
        self.rates = Rates()
        self._pace = pace
        self._waiting = Waiting(loads)
        self._again: deque[Chunk] = deque()
        self._workers: dict[str, _Worker] = {}
        self._given: dict[int, _Given] = {}
        # the chunk that is to bring a cell
        self._owner: dict[int, int] = {}
        self._open = {load.position for load in self._waiting}
        self._number = 0
        self._load_seconds: dict[object, float] = {}
        self._came_back: set[Group] = set()
        self._suspects: set[Group] = set()
        self._in_a_row: dict[str, int] = {}

    @property
    def is_over(self) -> bool:
        """Whether every cell ended."""
        return not self._open

    @property
    def workers(self) -> list[str]:
        """Those that are here."""
        return list(self._workers)

    def open(self) -> list[int]:
        """The cells that did not end yet."""
        return list(self._open)

    def is_open(self, position: int) -> bool:
        """Whether a cell did not end yet."""
        return position in self._open

    def count(self, worker: str) -> int:
        """How many open cells a worker has."""
        plan = self._workers.get(worker)
        return sum(len(self._owned(given)) for given in plan.chunks) if plan else 0

    def running(self) -> Iterator[tuple[int, str, list[int]]]:
        """The number, worker and open cells of each chunk that a worker has."""
        for number, given in self._given.items():
            yield number, given.worker, [load.position for load in self._owned(given)]

    def unplaced(self) -> Iterator[int]:
        """The open cells that no worker has."""
        for load in self._waiting:
            if load.position in self._open:
                yield load.position
        for chunk in self._again:
            yield from (position for position in chunk.positions if position in self._open)

    def join(self, worker: str, place: str | None = None) -> None:
        """A worker came. place: its name, the same after a restart."""
        self._workers.setdefault(worker, _Worker(place or worker))

    def leave(self, worker: str, *, is_blamed: bool = True) -> list[GivenUp]:
        """A worker went. is_blamed: whether its chunk may be the cause."""
        plan = self._workers.pop(worker, None)
        if plan is None:
            return []
        return self._take_back(plan, DIED if is_blamed else None)

    def hang(self, number: int) -> list[GivenUp]:
        """A chunk's worker gives no sign of life: others get its cells, and it gets none for now."""
        plan = self._workers[self._given[number].worker]
        plan.is_hung = True
        return self._take_back(plan, HUNG)

    def welcome(self, worker: str) -> None:
        """A worker that hung answers again."""
        if worker in self._workers:
            self._workers[worker].is_hung = False

    def fail(self, number: int, misfortune: Misfortune) -> list[GivenUp]:
        """A chunk came to nothing, but its worker lives."""
        given = self._remove(number)
        return self._blame(given, misfortune) if given else []

    def deliver(self, number: int, position: int) -> bool:
        """A chunk's cell ended, with a picture or without; False if it had ended before."""
        given = self._given.get(number)
        if given is not None:
            self._came_back.add(given.chunk.group)
            given.delivered += given.costs[position]
        if position not in self._open:
            return False
        self.drop(position)
        return True

    def drop(self, position: int) -> None:
        """A cell is not wanted any more."""
        self._open.discard(position)
        self._owner.pop(position, None)

    def finish(self, number: int, now: float, load_seconds: float = 0.0) -> list[GivenUp]:
        """A chunk's results are here, each of which was delivered. load_seconds: for its model."""
        given = self._remove(number)
        if given is None:
            return []
        plan = self._workers[given.worker]
        self._in_a_row[plan.place] = 0
        if load_seconds:
            self._load_seconds[given.chunk.group[0]] = load_seconds
        if given.delivered and given.began is not None:
            seconds = max(now - given.began - load_seconds, 1e-6)
            self.rates.learn(given.worker, given.chunk.group, given.delivered, seconds)
        if self._owned(given):
            return self._blame(given, Misfortune("returned no picture"))
        return []

    def sign(self, worker: str, now: float) -> None:
        """A worker gave a sign of life."""
        plan = self._workers.get(worker)
        if plan is not None and plan.chunks:
            plan.chunks[0].sign = now

    def next_chunk(self, worker: str, now: float) -> Chunk | None:
        """What a worker gets now: one chunk to run, and one to wait while there is plenty of work."""
        plan = self._workers[worker]
        if plan.chunks and plan.chunks[0].began is None:
            _begin(plan.chunks[0], now)
        is_full = len(plan.chunks) >= (2 if self._has_plenty() else 1)
        if is_full or plan.is_hung or self._rests(plan):
            return None
        chunk = self._chunk_again(plan) or self._new_chunk(worker, plan)
        if chunk is None and not plan.chunks:
            chunk = self._part_of_late_chunk(worker, now)
        if chunk is not None:
            self._give(chunk, worker, plan, now)
        return chunk

    def hanging(self, now: float) -> list[int]:
        """Chunks whose workers gave no sign of life for far too long."""
        return [
            number
            for number, given in self._given.items()
            if given.began is not None and now - given.sign > self._patience(given)
        ]

    def obsolete(self) -> list[int]:
        """Chunks all of whose cells ended elsewhere or are not wanted any more, each once."""
        numbers = []
        for number, given in self._given.items():
            if not given.is_obsolete and not self._owned(given):
                given.is_obsolete = True
                numbers.append(number)
        return numbers

    def _give(self, chunk: Chunk, worker: str, plan: _Worker, now: float) -> None:
        given = _Given(chunk, worker)
        self._given[chunk.number] = given
        plan.chunks.append(given)
        plan.group = chunk.group
        plan.held.add(chunk.group[0])
        for position in chunk.positions:
            self._owner[position] = chunk.number
        if len(plan.chunks) == 1:
            _begin(given, now)

    def _remove(self, number: int) -> _Given | None:
        given = self._given.pop(number, None)
        if given is not None:
            self._workers[given.worker].chunks.remove(given)
        return given

    def _owned(self, given: _Given) -> list[Load]:
        """The cells that a chunk is still to bring."""
        number = given.chunk.number
        return [load for load in given.chunk.loads if self._owner.get(load.position) == number]

    def _take_back(self, plan: _Worker, misfortune: Misfortune | None) -> list[GivenUp]:
        """Take all chunks of a worker; the first one, which it ran, may be the cause."""
        given_up: list[GivenUp] = []
        chunks = plan.chunks
        plan.chunks = []
        if misfortune:
            self._in_a_row[plan.place] = self._in_a_row.get(plan.place, 0) + 1
        for given in chunks:
            del self._given[given.chunk.number]
            if misfortune and given is chunks[0]:
                given_up += self._blame(given, misfortune, plan.place)
            else:
                self._put_back(given.chunk, self._owned(given))
        return given_up

    def _put_back(self, chunk: Chunk, loads: list[Load]) -> None:
        if loads:
            self._number += 1
            self._again.append(replace(chunk, number=self._number, loads=tuple(loads)))

    def _blame(
        self, given: _Given, misfortune: Misfortune, place: str | None = None
    ) -> list[GivenUp]:
        """Halve a chunk that came to nothing; a single cell gets a second try elsewhere."""
        loads = self._owned(given)
        if not loads:
            return []
        chunk = replace(
            given.chunk,
            misfortunes=given.chunk.misfortunes + 1,
            avoid=place or self._workers[given.worker].place,
            moved_from=None,
        )
        group = chunk.group
        if group not in self._came_back:
            self._suspects.add(group)
            if chunk.misfortunes >= MISFORTUNES_OF_GROUP:
                return self._give_up_group(group, loads, misfortune)
        if len(loads) > 1:
            middle = len(loads) // 2
            self._put_back(chunk, loads[:middle])
            self._put_back(chunk, loads[middle:])
        elif not chunk.is_second_try:
            self._put_back(replace(chunk, is_second_try=True), loads)
        else:
            return self._give_up(loads, f"its worker {misfortune.what} twice", misfortune)
        return []

    def _give_up_group(
        self, group: Group, loads: list[Load], misfortune: Misfortune
    ) -> list[GivenUp]:
        """Give up all cells like these: workers come to nothing one after the other."""
        loads = loads + self._waiting.take_all(group)
        alike = [chunk for chunk in self._again if chunk.group == group]
        for chunk in alike:
            self._again.remove(chunk)
            loads += chunk.loads
        reason = (
            f"{MISFORTUNES_OF_GROUP} workers one after the other got such pictures, and each "
            f"{misfortune.what}"
        )
        return self._give_up(loads, reason, misfortune)

    def _give_up(self, loads: Iterable[Load], reason: str, misfortune: Misfortune) -> list[GivenUp]:
        given_up = []
        for load in loads:
            if load.position in self._open:
                self.drop(load.position)
                given_up.append(GivenUp(load.position, reason, misfortune.status))
        return given_up

    def _rests(self, plan: _Worker) -> bool:
        """Whether a place had nothing but misfortunes while others did not."""
        if self._in_a_row.get(plan.place, 0) < MISFORTUNES_OF_PLACE:
            return False
        return any(
            self._in_a_row.get(other.place, 0) < MISFORTUNES_OF_PLACE
            for other in self._workers.values()
        )

    def _chunk_again(self, plan: _Worker) -> Chunk | None:
        """A chunk that came to nothing before, if this worker is the right one for it."""
        others = {other.place for other in self._workers.values()} - {plan.place}
        for chunk in list(self._again):
            loads = [load for load in chunk.loads if load.position in self._open]
            if not loads:
                self._again.remove(chunk)
            elif (chunk.avoid != plan.place or not others) and not self._is_held_up(chunk.group):
                self._again.remove(chunk)
                return chunk.with_loads(loads)
        return None

    def _is_held_up(self, group: Group) -> bool:
        """Whether a group is tried on one worker at a time: it never brought a picture."""
        is_suspect = group in self._suspects and group not in self._came_back
        return is_suspect and any(given.chunk.group == group for given in self._given.values())

    def _new_chunk(self, worker: str, plan: _Worker) -> Chunk | None:
        while (group := self._group_for(plan)) is not None:
            cost = self._cost_for(worker, group)
            most = self._pace.most if cost is not None else self._first_cells(group)
            loads = self._waiting.take(
                group,
                math.inf if cost is None else cost,
                most,
                lambda position: position not in self._open,
            )
            if loads:
                self._number += 1
                return Chunk(self._number, tuple(loads))
        return None

    def _group_for(self, plan: _Worker) -> Group | None:
        """The group that costs this worker the least to change to, the fullest of these."""
        best: tuple[tuple[int, bool, float], Group] | None = None
        for group, left in self._waiting.left.items():
            helpers = self._helpers(group)
            is_here = group[0] in plan.held
            if self._is_held_up(group):
                continue
            if not is_here and helpers and not self._is_worth_loading(group, helpers):
                continue
            seconds = left * (self.rates.usual(group) or 1.0) / (helpers + 1)
            rank = (_shared(group, plan.group), is_here, seconds)
            if best is None or rank > best[0]:
                best = (rank, group)
        return best[1] if best else None

    def _helpers(self, group: Group) -> int:
        """How many workers are at a group's model."""
        return sum(
            other.group is not None and other.group[0] == group[0]
            for other in self._workers.values()
            if other.chunks
        )

    def _is_worth_loading(self, group: Group, helpers: int) -> bool:
        """Whether the workers that have a model need longer for the rest than another to load it."""
        load_seconds = self._load_seconds.get(group[0], 0.0)
        rate = self.rates.usual(group)
        if rate is None:
            return True
        return self._waiting.left[group] * rate / helpers > load_seconds

    def _first_cells(self, group: Group) -> int:
        share = math.ceil(self._waiting.count(group) / max(1, len(self._workers)))
        return min(self._pace.first, share)

    def _cost_for(self, worker: str, group: Group) -> float | None:
        """The cost of the next chunk; None if nothing is known of its time."""
        rate = self.rates.rate(worker, group)
        if rate is None:
            return None
        seconds = min(self._pace.seconds, self._seconds_left() / 2)
        return max(self._pace.least, seconds) / rate

    def _seconds_left(self) -> float:
        """How long all workers together need for what nobody has got yet."""
        total = 0.0
        for group, left in self._waiting.left.items():
            total += left * (self.rates.usual(group) or 0.0)
        return total / max(1, len(self._workers))

    def _has_plenty(self) -> bool:
        return self._seconds_left() > self._pace.seconds

    def _expected(self, given: _Given) -> float | None:
        rate = self.rates.rate(given.worker, given.chunk.group)
        return None if rate is None else rate * given.chunk.cost

    def _patience(self, given: _Given) -> float:
        expected = self._expected(given)
        if expected is None:
            return self._pace.unknown
        times, seconds = self._pace.patience
        load_seconds = self._load_seconds.get(given.chunk.group[0], 0.0)
        return times * (expected + load_seconds) + seconds

    def _part_of_late_chunk(self, worker: str, now: float) -> Chunk | None:
        """Half of a chunk that takes far longer than it should, the second half of what is open."""
        late = [given for given in self._given.values() if self._is_late(given, now)]
        late = [given for given in late if given.worker != worker and self._owned(given)]
        if not late:
            return None
        longest = max(late, key=lambda given: sum(load.cost for load in self._owned(given)))
        loads = self._owned(longest)
        self._number += 1
        return Chunk(
            self._number,
            tuple(loads[len(loads) // 2 :]),
            misfortunes=longest.chunk.misfortunes,
            is_second_try=longest.chunk.is_second_try,
            moved_from=longest.chunk.number,
        )

    def _is_late(self, given: _Given, now: float) -> bool:
        expected = self._expected(given)
        if given.began is None or expected is None or given.chunk.moved_from is not None:
            return False
        times, seconds = self._pace.late
        load_seconds = self._load_seconds.get(given.chunk.group[0], 0.0)
        return now - given.began > times * expected + load_seconds + seconds


def _begin(given: _Given, now: float) -> None:
    given.began = now
    given.sign = now


def _shared(group: Group, other: Group | None) -> int:
    """How many of a group's levels, from the coarse ones, are those of another."""
    if other is None:
        return 0
    count = 0
    for level, same in zip(group, other, strict=False):
        if level != same:
            break
        count += 1
    return count
