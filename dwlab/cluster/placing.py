"""Which cells make the next chunk for which worker: policy only, without Dask and without a clock.

The driver and the simulation of up to 512 GPUs use it alike. A chunk goes where its model is
already, lasts about half a minute by measured rates, and less towards the end, when half of what is
left is shared between all workers again and again (guided self-scheduling, Polychronopoulos and
Kuck, IEEE Transactions on Computers 36, 1987). Every cell is given to one worker, and to another
one only if the first came to nothing or takes far too long.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .again import Again
from .choice import Choice
from .chunks import DIED, HUNG, Chunk, GivenUp, Group, Load, Misfortune
from .lateness import Lateness
from .pace import PACE, Pace
from .rates import Rates
from .waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


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

    def begin(self, now: float) -> None:
        """It is the first one of its worker from now on."""
        self.began = now
        self.sign = now


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
        self._pace = pace
        self._rates = Rates()
        self._lateness = Lateness(self._rates, pace)
        self._waiting = Waiting(loads)
        self._choice = Choice(self._waiting, self._rates, pace)
        self._again = Again(self._waiting, self.is_open)
        self._workers: dict[str, _Worker] = {}
        self._given: dict[int, _Given] = {}
        # the chunk that is to bring a cell
        self._owner: dict[int, int] = {}
        self._open = {load.position for load in self._waiting}
        self._number = 0

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
            if self.is_open(load.position):
                yield load.position
        yield from self._again.positions()

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
        if given is None:
            return []
        return self._blame(given, misfortune, self._workers[given.worker].place)

    def deliver(self, number: int, position: int) -> bool:
        """A chunk's cell ended, with a picture or without; False if it had ended before."""
        given = self._given.get(number)
        if given is not None:
            self._again.came_back(given.chunk.group)
            given.delivered += given.costs[position]
        if not self.is_open(position):
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
        group = given.chunk.group
        place = self._workers[given.worker].place
        self._again.finished(place)
        if load_seconds:
            self._rates.learn_loading(group, load_seconds)
        if given.delivered and given.began is not None:
            seconds = now - given.began - load_seconds
            self._rates.learn(given.worker, group, given.delivered, seconds)
        return self._blame(given, Misfortune("returned no picture"), place)

    def sign(self, worker: str, now: float) -> None:
        """A worker gave a sign of life."""
        plan = self._workers.get(worker)
        if plan is not None and plan.chunks:
            plan.chunks[0].sign = now

    def next_chunk(self, worker: str, now: float) -> Chunk | None:
        """What a worker gets now: one chunk to run, and one to wait while there is plenty of work."""
        plan = self._workers[worker]
        if plan.chunks and plan.chunks[0].began is None:
            plan.chunks[0].begin(now)
        places = [other.place for other in self._workers.values()]
        if self._has_enough(plan) or self._again.is_resting(plan.place, places):
            return None
        chunk = self._again.take(plan.place, places, self._is_held_up)
        chunk = chunk or self._new_chunk(worker, plan)
        if chunk is None and not plan.chunks:
            chunk = self._part_of_late_chunk(worker, now)
        return None if chunk is None else self._give(chunk, worker, now)

    def hanging(self, now: float) -> list[int]:
        """Chunks whose workers gave no sign of life for far too long."""
        return [
            number
            for number, given in self._given.items()
            if given.began is not None
            and self._lateness.is_hanging(given.worker, given.chunk, now - given.sign)
        ]

    def obsolete(self) -> list[int]:
        """Chunks all of whose cells ended elsewhere or are not wanted any more, each once."""
        numbers = []
        for number, given in self._given.items():
            if not given.is_obsolete and not self._owned(given):
                given.is_obsolete = True
                numbers.append(number)
        return numbers

    def _has_enough(self, plan: _Worker) -> bool:
        if plan.is_hung or len(plan.chunks) > 1:
            return True
        seconds_left = self._choice.seconds_left(len(self._workers))
        return bool(plan.chunks) and seconds_left <= self._pace.seconds

    def _give(self, chunk: Chunk, worker: str, now: float) -> Chunk:
        self._number += 1
        chunk = replace(chunk, number=self._number)
        plan = self._workers[worker]
        given = _Given(chunk, worker)
        self._given[chunk.number] = given
        plan.chunks.append(given)
        plan.group = chunk.group
        plan.held.add(chunk.group[0])
        for position in chunk.positions:
            self._owner[position] = chunk.number
        if len(plan.chunks) == 1:
            given.begin(now)
        return chunk

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
        for given in chunks:
            del self._given[given.chunk.number]
            if misfortune and given is chunks[0]:
                self._again.failed(plan.place)
                given_up = self._blame(given, misfortune, plan.place)
            else:
                self._again.put_back(given.chunk, self._owned(given))
        return given_up

    def _blame(self, given: _Given, misfortune: Misfortune, place: str) -> list[GivenUp]:
        given_up = self._again.blame(given.chunk, self._owned(given), misfortune, place)
        for each in given_up:
            self.drop(each.position)
        return given_up

    def _is_held_up(self, group: Group) -> bool:
        """Whether a group is tried on one worker at a time: it never brought a picture."""
        return self._again.is_suspect(group) and any(
            given.chunk.group == group for given in self._given.values()
        )

    def _new_chunk(self, worker: str, plan: _Worker) -> Chunk | None:
        busy_with = [
            other.group for other in self._workers.values() if other.chunks and other.group
        ]
        while True:
            group = self._choice.group_for(plan.group, plan.held, busy_with, self._is_held_up)
            if group is None:
                return None
            loads = self._choice.take(worker, len(self._workers), group, self._is_ended)
            if loads:
                return Chunk(0, tuple(loads))

    def _is_ended(self, position: int) -> bool:
        return not self.is_open(position)

    def _part_of_late_chunk(self, worker: str, now: float) -> Chunk | None:
        """Half of a chunk that takes far longer than it should, the second half of what is open."""
        late = [
            given
            for given in self._given.values()
            if given.worker != worker
            and given.began is not None
            and self._lateness.is_late(given.worker, given.chunk, now - given.began)
            and self._owned(given)
        ]
        if not late:
            return None
        longest = max(late, key=lambda given: sum(load.cost for load in self._owned(given)))
        loads = self._owned(longest)
        chunk = replace(longest.chunk, moved_from=longest.chunk.number)
        return chunk.with_loads(loads[len(loads) // 2 :])
