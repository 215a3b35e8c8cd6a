"""How many connections may be open, and for how long each may keep the server waiting.

A client that is slow, or many clients that send nothing, do not shut anybody out.
"""

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

    from .settings import ServerSettings

log = logging.getLogger(__name__)
# connections that the system keeps until they are accepted; asyncio may accept all of them at once
BACKLOG = 128
FILES = 96  # for the store, pictures, models and libraries
FEWEST = 8  # connections to serve with
BODY_RATE = 10_000  # bytes per second that a body must arrive at, once `slow_seconds` are over
LOOK_SECONDS = 0.5  # between two looks for connections whose time is over
WARN_SECONDS = 10.0  # between two lines of the log on dropped connections
MESSAGES = {
    408: "the request did not arrive in time",
    503: "too many connections; try again in a few seconds",
}
PHRASES = {408: "Request Timeout", 503: "Service Unavailable"}


class ConnectionLimits:
    """Accepts connections; drops those that wait for their client longer than `slow_seconds`.

    If there are too many, a new one replaces the one that has waited longest for its client.
    total, per_client: connections at once, and from one client's address. on_drop: called with the
    reason for each. is_closing: whether the server is stopping and accepts no more connections.
    """

    def __init__(
        self,
        settings: ServerSettings,
        *,
        on_drop: Callable[[str], None],
        is_closing: Callable[[], bool],
    ) -> None:
        self.patience = settings.slow_seconds
        self.total = _possible_connections(settings.connections)
        self.per_client = min(settings.connections_per_client, self.total)
        self._on_drop = on_drop
        self._is_closing = is_closing
        self._connections: set[Connection] = set()
        self._unreported = Counter[str]()
        self._reported_at = float("-inf")
        self._is_looking = False

    def enter(self, connection: Connection) -> None:
        """Accept a connection, if need be instead of the one that waits longest for its client."""
        if self._is_closing():
            connection.drop(503)  # it was accepted already when the others were closed
            return
        if not self._make_room(connection):
            return
        self._connections.add(connection)
        if not self._is_looking:
            self._look_later()

    def _make_room(self, connection: Connection) -> bool:
        """Whether a connection may enter; drops another if there are too many, or else itself."""
        rivals = [other for other in self._connections if other.address == connection.address]
        if len(rivals) < self.per_client:
            rivals = list(self._connections)
            if len(rivals) < self.total:
                return True
        longest = _longest_waiting(rivals)
        if longest is None:
            self._drop(connection, 503, "too many")
            return False
        self._drop(longest, 503, "for another")
        return True

    def leave(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._connections.discard(connection)

    def _look_later(self) -> None:
        self._is_looking = True
        asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """Drop connections whose time is over; look again while there is anything to do."""
        for connection in list(self._connections):
            reason = connection.overdue(self.patience)
            if reason:
                self._drop(connection, 408, reason)
        self._report()
        self._is_looking = False
        if self._connections or self._unreported:
            self._look_later()

    def _drop(self, connection: Connection, status: int, reason: str) -> None:
        self.leave(connection)
        connection.drop(status)
        self._unreported[reason] += 1
        self._on_drop(reason)

    def _report(self) -> None:
        """Write to the log what was dropped, unless it was told a moment ago."""
        if not self._unreported or time.monotonic() - self._reported_at < WARN_SECONDS:
            return
        counts = [f"{count} {reason}" for reason, count in self._unreported.items()]
        log.warning("connections dropped: %s", ", ".join(counts))
        self._unreported.clear()
        self._reported_at = time.monotonic()


class Connection(H11Protocol):
    """One connection, which knows for what it waits, and since when.

    waits: for the client to send the "header" or "body" of a request, or to read the "answer";
    None while the server is working for it.
    """

    def __init__(self, *args: Any, limits: ConnectionLimits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._buffer_is_full = False  # of what was answered and is not read yet
        self._waited_in: object = None  # the request that it last waited in
        self._since = time.monotonic()
        self._received_bytes = 0
        self.address = ""
        self.waits: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The connection is open: its time runs."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self._note()
        self._limits.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self._limits.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request arrived."""
        super().data_received(data)
        self._note()
        self._received_bytes += len(data)

    def on_response_complete(self) -> None:
        """The whole answer is written."""
        super().on_response_complete()
        self._note()

    def pause_writing(self) -> None:
        """The client reads more slowly than it is answered."""
        super().pause_writing()
        self._buffer_is_full = True
        self._note()

    def resume_writing(self) -> None:
        """The client has continued to read."""
        super().resume_writing()
        self._buffer_is_full = False
        self._note()

    def shutdown(self) -> None:
        """The server stops: finish answers, but do not wait for requests."""
        if self.waits == "body":
            self.drop(503)
        else:
            super().shutdown()

    def overdue(self, patience: float) -> str | None:
        """Why to drop it now, if it has waited more than so many seconds for its client."""
        self._note()
        if self.waits == "body":
            patience += self._received_bytes / BODY_RATE
        if self.waits is None or time.monotonic() - self._since <= patience:
            return None
        return f"whose {self.waits} took too long"

    def drop(self, status: int) -> None:
        """Close it, with the reason if nothing was answered yet."""
        self._note()
        if self.waits == "answer":
            self.transport.abort()
            return
        self.transport.write(_answer(status))
        self.transport.close()

    @property
    def since(self) -> float:
        """When it began to wait, by the monotonic clock."""
        return self._since

    def _note(self) -> None:
        """See for what it waits; if that has changed, its time begins."""
        waits = self._awaited()
        if waits != self.waits or self.cycle is not self._waited_in:
            self._since = time.monotonic()
            self._received_bytes = 0
        self.waits = waits
        self._waited_in = self.cycle

    def _awaited(self) -> str | None:
        cycle = self.cycle
        if self._buffer_is_full or self.transport.is_closing():
            return "answer"
        if cycle is None or cycle.response_complete:
            return "header"
        return "body" if cycle.more_body else None


def _longest_waiting(connections: Iterable[Connection]) -> Connection | None:
    waiting = [connection for connection in connections if connection.waits]
    return min(waiting, key=lambda connection: connection.since, default=None)


def _answer(status: int) -> bytes:
    body = f'{{"detail": "{MESSAGES[status]}", "field": null}}'
    lines = [
        f"HTTP/1.1 {status} {PHRASES[status]}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Retry-After: 5",
        "Connection: close",
        "",
        body,
    ]
    return "\r\n".join(lines).encode()


def _possible_connections(configured: int) -> int:
    """How many of the configured connections the limit of open files allows.

    The limit is raised for them as far as the system lets it.
    """
    needed = configured + BACKLOG + FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft != unlimited and soft < needed:
        soft = needed if hard == unlimited else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == unlimited:
        return configured
    return min(configured, max(FEWEST, soft - BACKLOG - FILES))
