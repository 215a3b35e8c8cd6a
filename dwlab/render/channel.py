"""The way from the thread that renders to the one that reads the events, and back."""

from __future__ import annotations

import contextlib
import functools
import queue
import threading
import time
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ..events import Cancelled
from .joining import Joining
from .own_time import OwnTime, Stuck, leave_alone

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ..events import Event

LOOK_SECONDS = 0.5  # between looks at the thread that renders
PATIENCE_SECONDS = 5.0  # with the code of a method, once everything is to stop
EVENTS_WAITING = 256  # then the thread that renders waits for the reader


class Worker(Protocol):
    """What does a piece of work: a thread, or part of the time of one."""

    @property
    def ident(self) -> int | None:
        """Python's number of the thread."""
        ...

    def is_alive(self) -> bool:
        """Whether the work is not over."""
        ...

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end of the work, for so many seconds at most."""
        ...


Start: TypeAlias = "Callable[[Callable[[], None]], Worker]"


def on_a_new_thread(work: Callable[[], None]) -> Worker:
    """Have work done by a thread of its own."""
    thread = threading.Thread(target=work, name="dwlab-render", daemon=True)
    thread.start()
    return thread


class Dropped(Exception):
    """Raised inside a pipeline's step to leave a picture that is no longer wanted."""


class Postponed(Exception):
    """Raised by `give_way` if what is more urgent finds no room beside what is under way."""


class Channel:
    """Carries events to their reader, and the reader's wish to stop to the thread that renders.

    cancel: stops everything once it is set. dropped: whether the picture of a position is no longer
    wanted. joining: cells that come while others are rendered. give_way: lets work on the same
    device that is more urgent be done, in the thread that calls it, and tells whether there was any.
    """

    def __init__(
        self,
        cancel: threading.Event | None = None,
        dropped: Callable[[int], bool] | None = None,
        *,
        joining: Joining | None = None,
        give_way: Callable[[], bool] | None = None,
    ) -> None:
        self.joining = joining or Joining()
        self._events: queue.Queue[Event | BaseException | None] = queue.Queue(EVENTS_WAITING)
        self._cancel = cancel or threading.Event()
        self._dropped = dropped
        self._give_way = give_way
        self._closed = threading.Event()
        # what runs in the thread that renders besides dwlab and its libraries
        self.own_time = OwnTime()
        self._left_alone = False

    def send(self, event: Event) -> None:
        """Hand an event to the reader; waits while too many are unread."""
        self._put(event)

    def check(self, position: int | None = None) -> None:
        """Raise Cancelled if everything is to stop, or Dropped if the cell at `position` is."""
        if self._cancel.is_set() or self._closed.is_set():
            raise Cancelled
        if self._dropped and position is not None and self._dropped(position):
            raise Dropped

    def give_way(self) -> bool:
        """Let more urgent work be done now; returns whether there was any."""
        return self._give_way is not None and self._give_way()

    def events(self, work: Callable[[], None], start: Start) -> Generator[Event, None, None]:
        """Have `work` done by another thread, and yield the events that it sends.

        What it raises is raised here, except Cancelled, which ends the events. Closing the
        generator cancels the work and waits for its end. Raises Stuck if the code of a method has
        had more than its time and does not give way; its thread is left to itself then.
        """
        worker = start(functools.partial(self._work, work))
        try:
            while (event := self._next(worker)) is not None:
                if isinstance(event, BaseException):
                    raise event
                yield event
        finally:
            self._closed.set()
            self._wait_for(worker)

    def _next(self, worker: Worker) -> Event | BaseException | None:
        """The next event; raises Stuck."""
        while True:
            with contextlib.suppress(queue.Empty):
                return self._events.get(timeout=LOOK_SECONDS)
            if not worker.is_alive() and self._events.empty():
                return None
            running = self.own_time.running
            if running is not None and time.monotonic() > running.deadline:
                self._left_alone = True
                raise Stuck(running, leave_alone(worker))

    def _wait_for(self, worker: Worker) -> None:
        """Wait for a thread that was told to end, but not for long for the code of a method."""
        asked = time.monotonic()
        while worker.is_alive() and not self._left_alone:
            worker.join(LOOK_SECONDS)
            is_patient = time.monotonic() - asked < PATIENCE_SECONDS
            if worker.is_alive() and self.own_time.running is not None and not is_patient:
                leave_alone(worker)
                self._left_alone = True

    def _work(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Cancelled:
            pass
        # handed to the reader, who raises it
        except BaseException as error:  # noqa: BLE001
            self._put(error)
        self._put(None)

    def _put(self, event: Event | BaseException | None) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._events.put(event, timeout=0.1)
                return
