"""The events of this process's jobs, kept so that a client that comes late or back misses none."""

from __future__ import annotations

import functools
import io
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..._util.html import data_uri
from ...runs.preview_rate import PreviewRate

if TYPE_CHECKING:
    from ...events import Step
    from ..jobs.job import JsonObject

KEPT_LOGS = 64  # of jobs that are over


@dataclass(frozen=True)
class JobEvent:
    """One event as clients are told of it. kind: plan, started, step, done, failed."""

    kind: str
    data: JsonObject


@dataclass(frozen=True)
class RunProgress:
    """How far a job's run is. step: steps done of `steps` in all; for a sweep, pictures.

    images: the addresses of finished pictures. seconds_left: an estimate, if there is one.
    """

    step: int = 0
    steps: int = 0
    images: list[str] = field(default_factory=list)
    seconds_left: float | None = None


class JobEventLog:
    """The events of one run of one job, numbered from 1; written by one thread, read by any.

    Previews are large: only the newest of each picture is kept, and none once the job is over.
    """

    def __init__(self, rate: PreviewRate | None = None) -> None:
        self.run = secrets.token_hex(4)
        self.step = 0
        self.steps = 0
        self.seconds_left: float | None = None
        self.over = False
        self._events: list[JobEvent] = []
        self._steps_done: dict[int, int] = {}
        self._rate = rate or PreviewRate()
        self._preview_places: dict[int, int] = {}  # picture -> which event has its newest preview

    def add(self, kind: str, data: JsonObject) -> None:
        """Keep one event."""
        self._events.append(JobEvent(kind, data))

    def add_step(self, event: Step, pictures: int) -> None:
        """Keep a step of one of so many pictures, with a preview now and then."""
        index = event.index
        self._steps_done[index] = event.step
        self.step = sum(self._steps_done.values())
        self.steps = event.steps * pictures
        data: JsonObject = {"index": index, "step": event.step, "steps": event.steps}
        preview = self._rate.make(index, functools.partial(_preview_uri, event))
        if preview:
            data["preview"] = preview
            self._forget_preview(index)
            self._preview_places[index] = len(self._events)
        self.add("step", data)

    def end(self) -> None:
        """Nothing more will come."""
        for index in list(self._preview_places):
            self._forget_preview(index)
        self.over = True

    def _forget_preview(self, index: int) -> None:
        place = self._preview_places.pop(index, None)
        if place is None:
            return
        event = self._events[place]
        data = {name: value for name, value in event.data.items() if name != "preview"}
        # a new event, because a reader may be at the old one
        self._events[place] = JobEvent(event.kind, data)

    @property
    def progress(self) -> RunProgress:
        """How far the run is."""
        return RunProgress(self.step, self.steps, self._images(), self.seconds_left)

    def _images(self) -> list[str]:
        """The addresses of the finished pictures, in their order."""
        urls = {}
        for event in self._events[:]:
            if event.kind == "done" and "image_url" in event.data:
                urls[event.data["index"]] = event.data["image_url"]
        return [urls[index] for index in sorted(urls)]

    def after(self, number: int) -> list[JobEvent]:
        """The events that came after the one of that number."""
        return self._events[number:]

    def number_of(self, event_id: str) -> int:
        """The number of an event of this run; 0 for an id of another run."""
        run, _, number = event_id.partition("-")
        if run != self.run or not number.isdecimal():
            return 0
        return min(int(number), len(self._events))


class JobEventLogs:
    """The logs of the jobs that run in this process, and of the last ones that did."""

    def __init__(self) -> None:
        self._logs: OrderedDict[str, JobEventLog] = OrderedDict()

    def start(self, job_id: str) -> JobEventLog:
        """A new log for a new run of a job; the oldest logs of jobs that are over go."""
        self._logs.pop(job_id, None)
        over = [name for name, log in list(self._logs.items()) if log.over]
        for name in over[: max(0, len(over) - KEPT_LOGS + 1)]:
            del self._logs[name]
        log = JobEventLog()
        self._logs[job_id] = log
        return log

    def get(self, job_id: str) -> JobEventLog | None:
        """The log of a job; None if it never ran in this process."""
        return self._logs.get(job_id)

    def progress(self, job_id: str, status: str) -> RunProgress:
        """How far the run of a job with that status is; nothing done if it runs elsewhere."""
        log = self._logs.get(job_id)
        if log is None or status == "queued":
            return RunProgress()
        return log.progress

    def end(self, job_id: str) -> None:
        """Nothing more will come of a job, if it ran in this process."""
        log = self._logs.get(job_id)
        if log is not None:
            log.end()


def _preview_uri(event: Step) -> str | None:
    image = event.preview() if event.preview else None
    if image is None:
        return None
    buffer = io.BytesIO()
    # level 1 is three times as fast, and a little larger
    image.save(buffer, "PNG", compress_level=1)
    return data_uri(buffer.getvalue(), "png")
