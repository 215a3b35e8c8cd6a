"""Connections, so many at most and none for ever: a client that is slow, or many that say nothing, shut nobody out."""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .settings import Settings

log = logging.getLogger(__name__)
BACKLOG = 128  # connections that the system keeps until they are let in; asyncio may let in all of them at once
FILES = 96  # for the store, pictures, models and libraries
FEWEST = 8  # connections to serve with
BODY_RATE = (
    10_000  # bytes per second that a body must come at, once the time that any client has is over
)
LOOK_SECONDS = 0.5  # between two looks for connections whose time is over
SAY_SECONDS = 10.0  # between two lines of the log on dropped connections
ADVICE = {
    408: "the request did not come in time",
    503: "too many connections; try again in a few seconds",
}


class Door:
    """Lets connections in, and drops those that wait for a client longer than `slow_seconds`, or in whose place another comes.

    most, each: connections at once, and those of one client's address. dropped: called with the reason for each.
    closing: whether the server is going, and lets nobody in any more.
    """

    def __init__(
        self, settings: Settings, dropped: Callable[[str], None], closing: Callable[[], bool]
    ) -> None:
        self.patience = settings.slow_seconds
        self.most = min(settings.connections, _room(settings.connections))
        self.each = min(settings.connections_per_client, self.most)
        self._inside: set[Connection] = set()
        self._dropped, self._unsaid, self._said = dropped, Counter[str](), float("-inf")
        self._looking, self._closing = False, closing

    def enter(self, connection: Connection) -> None:
        """Let a connection in, in the place of the one that waits longest for its client if there are too many."""
        if self._closing():
            connection.drop(503)  # it was accepted already when the others were closed
            return
        same = [other for other in self._inside if other.address == connection.address]
        for alike, limit in ((same, self.each), (self._inside, self.most)):
            if len(alike) < limit:
                continue
            longest = _longest_waiting(alike)
            self._drop(longest or connection, 503, "for another" if longest else "too many")
            if longest is None:
                return
            break  # one place is free now, whichever limit it was
        self._inside.add(connection)
        if not self._looking:
            self._look_later()

    def leave(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._inside.discard(connection)

    def _look_later(self) -> None:
        self._looking = True
        asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """Drop those whose time is over; go on looking while any is inside, or was dropped and not told of."""
        for connection in list(self._inside):
            if reason := connection.overdue(self.patience):
                self._drop(connection, 408, reason)
        self._say()
        self._looking = False
        if self._inside or self._unsaid:
            self._look_later()

    def _drop(self, connection: Connection, status: int, reason: str) -> None:
        self.leave(connection)
        connection.drop(status)
        self._unsaid[reason] += 1
        self._dropped(reason)

    def _say(self) -> None:
        if self._unsaid and time.monotonic() - self._said >= SAY_SECONDS:
            log.warning(
                "connections dropped: %s",
                ", ".join(f"{n} {reason}" for reason, n in self._unsaid.items()),
            )
            self._unsaid.clear()
            self._said = time.monotonic()


class Connection(H11Protocol):
    """One connection, which knows what it waits for its client for, and since when.

    waits: "header" of a request, its "body", or "answer" to be read; None while the server has work to do for it.
    """

    def __init__(self, *args: Any, door: Door, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._door = door
        self._full = False  # what was answered and not read yet fills the buffer
        self._state: tuple[str | None, object] = (None, None)
        self._since, self._received = time.monotonic(), 0
        self.address = ""
        self.waits: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """It was opened: its time runs."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self._note()
        self._door.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed."""
        self._door.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request came."""
        super().data_received(data)
        self._note()
        self._received += len(data)

    def on_response_complete(self) -> None:
        """All of an answer is written."""
        super().on_response_complete()
        self._note()

    def pause_writing(self) -> None:
        """The client reads slower than it is answered."""
        super().pause_writing()
        self._full = True
        self._note()

    def resume_writing(self) -> None:
        """The client has read on."""
        super().resume_writing()
        self._full = False
        self._note()

    def shutdown(self) -> None:
        """The server goes: answers are finished, requests are not waited for."""
        if self.waits == "body":
            self.drop(503)
        else:
            super().shutdown()

    def overdue(self, patience: float) -> str | None:
        """Why it should be dropped now, if it has waited longer than so many seconds for its client."""
        self._note()
        if self.waits == "body":
            patience += self._received / BODY_RATE
        late = self.waits and time.monotonic() - self._since > patience
        return f"whose {self.waits} took too long" if late else None

    def drop(self, status: int) -> None:
        """Close it, and say why if nothing was answered yet."""
        self._note()
        if self.waits == "answer":
            self.transport.abort()
            return
        self.transport.write(_answer(status))
        self.transport.close()

    @property
    def since(self) -> float:
        """When it began to wait for what it waits for, by the monotonic clock."""
        return self._since

    def _note(self) -> None:
        """See what it waits for; if that is another thing than before, its time begins."""
        cycle = self.cycle
        if self._full or self.transport.is_closing():
            self.waits = "answer"
        elif cycle is None or cycle.response_complete:
            self.waits = "header"
        else:
            self.waits = "body" if cycle.more_body else None
        if self._state != (self.waits, cycle):
            self._state = (self.waits, cycle)
            self._since, self._received = time.monotonic(), 0


def _longest_waiting(connections: Iterable[Connection]) -> Connection | None:
    waiting = [connection for connection in connections if connection.waits]
    return min(waiting, key=lambda connection: connection.since, default=None)


def _answer(status: int) -> bytes:
    body = f'{{"detail": "{ADVICE[status]}", "field": null}}'
    phrase = {408: "Request Timeout", 503: "Service Unavailable"}[status]
    head = f"HTTP/1.1 {status} {phrase}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Retry-After: 5\r\nConnection: close\r\n\r\n{body}".encode()


def _room(wanted: int) -> int:
    """How many connections the limit of open files lets in, which is raised for as many as are wanted if it may be."""
    needed = wanted + BACKLOG + FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft != unlimited and soft < needed:
        soft = needed if hard == unlimited else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == unlimited else max(FEWEST, soft - BACKLOG - FILES)
