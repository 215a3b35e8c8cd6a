"""Runs cells on the workers of a Dask scheduler: the policy of `placing`, with hands.

A worker has one chunk that it runs and at most one that waits. Nothing that a worker's clock says is
used: how long chunks take is measured here.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from ..events import Done, Failed, Loaded, Started
from . import tasks, wire
from .admission import Admission
from .chunks import Chunk, GivenUp, Misfortune
from .entrance import Entrance
from .gone import AGAIN, NobodyComputes
from .loads import loads_of
from .mailbox import Answered, Broken, Joined, Left, Mailbox, Message, Present, Told
from .pace import PACE, Pace
from .placing import Placing
from .roster import Roster, refused
from .waits import WAITS, Loneliness, Waits

if TYPE_CHECKING:
    import threading
    from collections.abc import Generator, Iterable, Sequence

    from distributed import Client

    from ..events import Event
    from ..render.resolved_cell import ResolvedCell
    from ..spec.compute import Compute

log = logging.getLogger(__name__)
Task: TypeAlias = Callable[[str, Mapping[str, bytes]], wire.Answer]
Events: TypeAlias = "Generator[Event, None, None]"


def render_on(
    client: Client,
    cells: Sequence[ResolvedCell],
    *,
    compute: Compute,
    cancel: threading.Event | None = None,
    dropped: Callable[[int], bool] | None = None,
    task: Task = tasks.render_chunk,
    pace: Pace = PACE,
    waits: Waits = WAITS,
) -> Events:
    """Make pictures of cells on a scheduler's workers; see `dwlab.render.renderer.render`.

    client: whose events nobody else listens to. task: makes the pictures of a chunk, on a worker.
    A cell ends once, whatever happens to workers: it is made elsewhere if its worker dies, and
    fails if that happens twice while its worker has nothing else. Raises RenderError if the
    scheduler is gone, or if no worker takes anything for long.
    """
    if cells:
        yield from _Driver(client, cells, compute, task, pace, waits).events(cancel, dropped)


class _Driver:
    def __init__(
        self,
        client: Client,
        cells: Sequence[ResolvedCell],
        compute: Compute,
        task: Task,
        pace: Pace,
        waits: Waits,
    ) -> None:
        self._cells = {cell.position: cell for cell in cells}
        self._compute = compute
        self._task = task
        self._waits = waits
        self._topic = f"dwlab-{uuid.uuid4().hex}"
        self._mail = Mailbox(client, self._topic)
        self._entrance = Entrance(self._mail, Admission(cells, compute, self._topic))
        self._placing = Placing(loads_of(cells), pace)
        self._roster = Roster()
        # chunks of which nothing came yet, those of workers that hang too, and who has them
        self._chunks: dict[int, tuple[str, Chunk]] = {}
        self._told: set[tuple[int, str]] = set()
        self._is_stopped = False
        now = time.monotonic()
        self._looked = now
        self._asked = now
        self._loneliness = Loneliness(waits, now)

    def events(
        self, cancel: threading.Event | None, dropped: Callable[[int], bool] | None
    ) -> Events:
        """The events of all cells."""
        with self._mail:
            try:
                while not self._placing.is_over:
                    if cancel is not None and cancel.is_set():
                        yield from self._stop()
                        return
                    self._check_scheduler()
                    message = self._mail.next(self._waits.look)
                    if message is not None:
                        yield from self._take(message)
                    if time.monotonic() - self._looked >= self._waits.look:
                        yield from self._look(dropped)
            finally:
                self._tell_all_to_stop()

    def _check_scheduler(self) -> None:
        if not self._mail.is_connected:
            raise NobodyComputes(f"the scheduler of the workers is gone; {AGAIN}")

    def _take(self, message: Message) -> Events:
        if isinstance(message, Told):
            yield from self._take_news(message)
        elif isinstance(message, Joined):
            self._ask(message)
        elif isinstance(message, Left):
            yield from self._leave(message.worker, is_blamed=not message.is_expected)
        elif isinstance(message, Present):
            yield from self._compare(message)
        elif isinstance(message.key, str):
            yield from self._admit(message)
        elif isinstance(message, Answered):
            yield from self._take_answer(message)
        else:
            yield from self._take_error(message)

    def _ask(self, joined: Joined) -> None:
        if joined.worker not in self._roster:
            self._entrance.ask(joined, time.monotonic())

    def _admit(self, message: Answered | Broken) -> Events:
        answer = self._entrance.take(message)
        if answer is None:
            return
        joined, refusal = answer
        if refusal:
            yield refused(joined, refusal)
            return
        self._loneliness.accept()
        yield self._roster.enter(joined)
        self._placing.join(joined.worker, joined.name)
        yield from self._give(joined.worker)

    def _leave(self, worker: str, *, is_blamed: bool) -> Events:
        self._entrance.leave(worker)
        if worker not in self._roster:
            return
        for number in [number for number, (who, _) in self._chunks.items() if who == worker]:
            del self._chunks[number]
            self._mail.forget(number)
        given_up = self._placing.leave(worker, is_blamed=is_blamed)
        yield self._roster.leave(worker)
        yield from self._fail(given_up)
        yield from self._give_all()

    def _compare(self, present: Present) -> Events:
        """Take note of workers whose coming or going was not told."""
        workers = {joined.worker for joined in present.workers}
        for worker in [*self._roster, *self._entrance.workers]:
            if worker not in workers:
                yield from self._leave(worker, is_blamed=True)
        for joined in present.workers:
            self._ask(joined)

    def _take_answer(self, message: Answered) -> Events:
        number = message.key
        if not isinstance(number, int) or number not in self._chunks:
            return
        worker, chunk = self._chunks.pop(number)
        load_seconds = 0.0
        cells = [self._cells[position] for position in chunk.positions]
        for event in wire.events_of(message.answer, cells):
            if isinstance(event, Loaded):
                load_seconds += event.seconds
            if not isinstance(event, Done | Failed):
                yield from self._first_time(event)
            elif self._placing.deliver(number, event.index):
                self._told -= {(event.index, kind) for kind in (Started.kind, Loaded.kind)}
                self._roster.count(worker, made=isinstance(event, Done))
                yield event
        if self._is_stopped:
            return
        given_up = self._placing.finish(number, time.monotonic(), load_seconds)
        self._placing.welcome(worker)
        yield from self._fail(given_up)
        yield from self._give(worker)

    def _first_time(self, event: Event) -> Events:
        """What was told at once is not told again with the answer; a cell begins once."""
        if isinstance(event, Started | Loaded):
            if (event.index, event.kind) in self._told or not self._placing.is_open(event.index):
                return
            self._told.add((event.index, event.kind))
        yield event

    def _take_error(self, message: Broken) -> Events:
        """A task raised something, or its worker died of it."""
        from distributed import KilledWorker

        number = message.key
        if not isinstance(number, int) or number not in self._chunks:
            return
        worker, _ = self._chunks[number]
        error = message.error
        if isinstance(error, KilledWorker):
            yield from self._leave(worker, is_blamed=True)
        elif self._mail.is_connected:
            del self._chunks[number]
            yield from self._fail(self._placing.fail(number, Misfortune.of(error)))
            yield from self._give_all()

    def _take_news(self, message: Told) -> Events:
        """What a worker tells while it computes; a sign of life, too."""
        self._placing.sign(message.message["worker"], time.monotonic())
        for news in message.message["news"]:
            position = news["index"]
            event = wire.event_of(news, self._cells[position])
            if event is not None and self._placing.is_open(position):
                yield from self._first_time(event)

    def _look(self, dropped: Callable[[int], bool] | None) -> Events:
        """Look at what nobody tells: time that passes, and wishes that change."""
        now = time.monotonic()
        self._looked = now
        if now - self._asked > self._waits.present:
            self._asked = now
            self._mail.ask_who_is_here()
        if dropped is not None:
            self._drop(dropped)
        for number in self._placing.obsolete():
            self._leave_out(number, self._chunks[number][1].positions)
        for number in self._placing.hanging(now):
            worker, _ = self._chunks[number]
            log.warning("%s gives no sign of life; it is restarted", self._roster.name(worker))
            yield from self._fail(self._placing.hang(number))
            self._mail.restart(worker)
        for joined, refusal in self._entrance.give_up(now - self._waits.answer):
            yield refused(joined, refusal)
        yield from self._give_all()
        if self._chunks or self._entrance.is_asking:
            self._loneliness.end(now)
        else:
            self._loneliness.watch(now, self._entrance.refused.values())

    def _drop(self, dropped: Callable[[int], bool]) -> None:
        for position in self._placing.open():
            if dropped(position):
                self._placing.drop(position)

    def _give_all(self) -> Events:
        for worker in self._roster:
            yield from self._give(worker)

    def _give(self, worker: str) -> Events:
        """Give a worker what it is to have now."""
        if self._is_stopped or worker not in self._roster:
            return
        while (chunk := self._placing.next_chunk(worker, time.monotonic())) is not None:
            if chunk.moved_from is not None:
                self._leave_out(chunk.moved_from, chunk.positions)
            cells = [self._cells[position] for position in chunk.positions]
            parcel = wire.parcel_of(cells, self._compute, self._topic, chunk.number)
            self._chunks[chunk.number] = (worker, chunk)
            self._mail.give(chunk.number, worker, self._task, parcel.document, parcel.blobs)
        news = self._roster.has(worker, self._placing.count(worker))
        if news is not None:
            yield news

    def _leave_out(self, number: int, positions: Sequence[int]) -> None:
        """Let a worker leave out cells of a chunk that it has: they are made elsewhere, or were."""
        worker, _ = self._chunks[number]
        self._mail.tell(worker, tasks.drop, self._topic, number, list(positions))

    def _fail(self, given_up: Iterable[GivenUp]) -> Events:
        for each in given_up:
            params = self._cells[each.position].params
            yield Failed(each.position, params, each.reason, each.status)

    def _stop(self) -> Events:
        """Let workers end what they do within a step, and take what they finished."""
        self._is_stopped = True
        self._tell_all_to_stop()
        deadline = time.monotonic() + self._waits.stop
        while self._chunks and self._mail.is_connected and time.monotonic() < deadline:
            message = self._mail.next(self._waits.look)
            if isinstance(message, Answered | Left):
                yield from self._take(message)

    def _tell_all_to_stop(self) -> None:
        for worker in {worker for worker, _ in self._chunks.values()}:
            self._mail.tell(worker, tasks.stop, self._topic)
