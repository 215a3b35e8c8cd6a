"""What happens to the jobs of this process, kept so that a client which comes late, or back, misses nothing."""

from __future__ import annotations

import asyncio
import io
import json
import secrets
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ..._util.html import data_uri

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ...events import Step

KEPT = 64  # logs of jobs that are over
PREVIEW_SECONDS = 0.25  # between two rough pictures of one that forms
POLL_SECONDS, ROW_SECONDS, ALIVE_SECONDS = 0.05, 0.5, 15.0
LAST = "end"  # the id of the last event of every job


class Log:
    """The events of one run of one job, numbered from 1; written by one thread, read by any.

    Of the rough pictures only the newest of each picture is kept, and none once the job is over: they are large.
    """

    def __init__(self, total: int = 0) -> None:
        self.run = secrets.token_hex(4)
        self.step, self.steps = 0, total
        self.left: float | None = None  # seconds, as estimated
        self.over = False
        self._entries: list[tuple[str, dict[str, Any]]] = []
        self._reached: dict[int, int] = {}
        self._looked: dict[int, float] = {}
        self._previews: dict[int, int] = {}  # picture -> the place of the event that has its newest

    def add(self, kind: str, data: dict[str, Any]) -> None:
        """Keep one event."""
        self._entries.append((kind, data))

    def step_of(self, index: int, event: Step, pictures: int) -> None:
        """Keep a step of picture `index` of so many, with a rough picture now and then."""
        self._reached[index] = event.step
        self.step, self.steps = sum(self._reached.values()), event.steps * pictures
        data: dict[str, Any] = {"index": index, "step": event.step, "steps": event.steps}
        if event.preview and time.monotonic() - self._looked.get(index, 0.0) >= PREVIEW_SECONDS:
            self._looked[index] = time.monotonic()
            data["preview"] = _data_url(event.preview())
            self._forget_preview(index)
            self._previews[index] = len(self._entries)
        self.add("step", data)

    def end(self) -> None:
        """Nothing more will come."""
        for index in list(self._previews):
            self._forget_preview(index)
        self.over = True

    def _forget_preview(self, index: int) -> None:
        if (place := self._previews.pop(index, None)) is not None:
            kind, data = self._entries[
                place
            ]  # in whose place comes another: a reader may be at this one
            self._entries[place] = (
                kind,
                {name: value for name, value in data.items() if name != "preview"},
            )

    @property
    def images(self) -> list[str]:
        """Where the pictures are that are finished, in their order."""
        done = [data for kind, data in self._entries[:] if kind == "done"]
        found = {data["index"]: data["image_url"] for data in done if "image_url" in data}
        return [found[index] for index in sorted(found)]

    def after(self, number: int) -> list[tuple[str, dict[str, Any]]]:
        """The events that came after the one of that number."""
        return self._entries[number:]

    def place(self, event_id: str) -> int:
        """The number of an event of this run; 0 for another run's, whose events say nothing of this one's."""
        run, _, number = event_id.partition("-")
        return min(int(number), len(self._entries)) if run == self.run and number.isdecimal() else 0


class Feed:
    """The logs of the jobs that run in this process, and of the last ones that did."""

    def __init__(self) -> None:
        self._logs: OrderedDict[str, Log] = OrderedDict()

    def begin(self, job: str, total: int = 0) -> Log:
        """A new log for a job's new run; old ones go."""
        self._logs.pop(job, None)
        over = [name for name, log in list(self._logs.items()) if log.over]
        for name in over[: max(0, len(over) - KEPT + 1)]:
            del self._logs[name]
        log = self._logs[job] = Log(total)
        return log

    def of(self, job: str) -> Log | None:
        """The log of a job, if it runs or ran here."""
        return self._logs.get(job)

    async def follow(
        self,
        job: str,
        last: str,
        ending: Callable[[], Awaitable[dict[str, Any] | None]],
        closing: asyncio.Event,
    ) -> AsyncIterator[str]:
        """A job's events after the one with the id `last`, as server-sent events; ends with the event `end`.

        ending: what the store says of the job once it is over, else None. closing: the server goes; the client comes back.
        """
        log, number, asked, said = None, 0, 0.0, time.monotonic()
        yield "retry: 1000\n\n"
        while not closing.is_set():
            end = None
            if log is None or log.over or time.monotonic() - asked >= ROW_SECONDS:
                asked = time.monotonic()
                end = (
                    await ending()
                )  # first, so that what is in the log by then came before the end
            if (current := self.of(job)) is not None and current is not log:
                log, number = current, current.place(last)
            for kind, data in log.after(number) if log else ():
                number += 1
                yield message(f"{log.run}-{number}", kind, data)  # type: ignore[union-attr]  # a log is there by now
                said = time.monotonic()
            if end is not None:
                yield message(LAST, "end", end)
                return
            if time.monotonic() - said > ALIVE_SECONDS:
                said = time.monotonic()
                yield ": alive\n\n"
            await asyncio.sleep(POLL_SECONDS)


def message(name: str, kind: str, data: dict[str, Any]) -> str:
    """One server-sent event; JSON holds no line breaks."""
    return f"id: {name}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"


def _data_url(image: Any) -> str | None:
    if image is None:
        return None
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return data_uri(buffer.getvalue(), "png")
