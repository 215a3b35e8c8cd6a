"""A job's events as server-sent events, for one client that follows it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ..jobs.job import JsonObject
    from .job_events import JobEventLog, JobEventLogs

POLL_SECONDS = 0.05  # between two looks at the log
STORE_SECONDS = 0.5  # between two questions to the store whether the job is over
KEEP_ALIVE_SECONDS = 15.0
LAST_EVENT_ID = "end"  # the id of the last event of every job


class EventStream:
    """Tells one client the events of a job that came after the last one it saw."""

    def __init__(self, logs: JobEventLogs, job_id: str, last_event_id: str) -> None:
        self._logs = logs
        self._job_id = job_id
        self._last_event_id = last_event_id
        self._log: JobEventLog | None = None
        self._number = 0

    async def follow(
        self,
        final_status: Callable[[], Awaitable[JsonObject | None]],
        closing: asyncio.Event,
    ) -> AsyncIterator[str]:
        """The messages of the stream; the event `end` is the last.

        final_status: returns the job's status once it is over, and None before. closing: set when
        the server stops; the client then comes back by itself.
        """
        store_seen_at = 0.0
        sent_at = time.monotonic()
        yield "retry: 1000\n\n"
        while not closing.is_set():
            status = None
            if self._must_ask_store(store_seen_at):
                store_seen_at = time.monotonic()
                # before the log is read, so that all its events come before the end
                status = await final_status()
            for new in self._new_messages():
                yield new
                sent_at = time.monotonic()
            if status is not None:
                yield message(LAST_EVENT_ID, "end", status)
                return
            if time.monotonic() - sent_at > KEEP_ALIVE_SECONDS:
                sent_at = time.monotonic()
                yield ": alive\n\n"
            await asyncio.sleep(POLL_SECONDS)

    def _must_ask_store(self, seen_at: float) -> bool:
        runs_here = self._log is not None and not self._log.over
        return not runs_here or time.monotonic() - seen_at >= STORE_SECONDS

    def _new_messages(self) -> list[str]:
        log = self._logs.get(self._job_id)
        if log is not None and log is not self._log:
            self._log = log
            self._number = log.number_of(self._last_event_id)
        if self._log is None:
            return []
        messages = []
        for event in self._log.after(self._number):
            self._number += 1
            messages.append(message(f"{self._log.run}-{self._number}", event.kind, event.data))
        return messages


def message(event_id: str, kind: str, data: JsonObject) -> str:
    """One server-sent event; JSON holds no line breaks."""
    return f"id: {event_id}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
