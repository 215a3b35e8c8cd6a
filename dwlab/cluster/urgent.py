"""Cells that one worker makes at once, before the sweep that it may have."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from ..events import Done, Failed, Step
from . import lanes, tasks, wire
from .gone import WorkerGone
from .mailbox import Answered, Broken, Left, Mailbox, Present, Told

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator, Iterable, Sequence

    from distributed import Client

    from ..events import Event
    from ..render.resolved_cell import ResolvedCell
    from ..spec.compute import Compute

LOOK_SECONDS = 0.2  # between looks at what nobody tells
PRESENT_SECONDS = 5.0  # between questions whether the worker is still there
STOP_SECONDS = 10.0  # for what is finished when everything is to stop
CHUNK = 0  # its number, because there is one only
KEY = "urgent"  # of the task
PRIORITY = 10  # of a task, before those of sweeps


def render_at(
    client: Client,
    worker: str,
    cells: Sequence[ResolvedCell],
    *,
    compute: Compute,
    cancel: threading.Event | None = None,
    dropped: Callable[[int], bool] | None = None,
) -> Generator[Event, None, None]:
    """Make pictures of cells on one worker; see `dwlab.render.renderer.render`.

    client: whose events nobody else listens to. worker: its address. All pictures come together, at
    the end. Raises WorkerGone if the worker ends before, in which case no picture has come.
    """
    from distributed.client import ClosedClientError

    topic = f"dwlab-{uuid.uuid4().hex}"
    try:
        with Mailbox(client, topic) as mail:
            yield from _Asked(mail, worker, cells, topic).events(compute, cancel, dropped)
    # whoever closed it knew that the worker is gone
    except ClosedClientError:
        raise WorkerGone(has_begun=False) from None


class _Asked:
    """What one worker was asked for."""

    def __init__(
        self, mail: Mailbox, worker: str, cells: Sequence[ResolvedCell], topic: str
    ) -> None:
        self._mail = mail
        self._worker = worker
        self._cells = {cell.position: cell for cell in cells}
        self._topic = topic
        self._dropped: set[int] = set()
        # what was told before the answer
        self._told: set[tuple[int, str]] = set()
        self._stops_at: float | None = None

    def events(
        self,
        compute: Compute,
        cancel: threading.Event | None,
        dropped: Callable[[int], bool] | None,
    ) -> Generator[Event, None, None]:
        """The events of all cells."""
        cells = list(self._cells.values())
        parcel = wire.parcel_of(cells, compute, self._topic)
        self._mail.give(
            KEY,
            self._worker,
            lanes.render_urgent,
            parcel.document,
            parcel.blobs,
            priority=PRIORITY,
        )
        asked = time.monotonic()
        while True:
            message = self._mail.next(LOOK_SECONDS)
            if isinstance(message, Answered):
                yield from self._untold(wire.events_of(message.answer, cells))
                return
            if isinstance(message, Told):
                yield from self._news(message.message)
            if self._is_gone(message):
                raise WorkerGone(has_begun=bool(self._told))
            now = time.monotonic()
            if self._stops_at is not None and now > self._stops_at:
                return
            if now - asked > PRESENT_SECONDS:
                asked = now
                self._mail.ask_who_is_here()
            self._pass_on(cancel, dropped)

    def _is_gone(self, message: object) -> bool:
        if isinstance(message, Present):
            return all(joined.worker != self._worker for joined in message.workers)
        if isinstance(message, Left):
            return message.worker == self._worker
        return isinstance(message, Broken) or not self._mail.is_connected

    def _pass_on(
        self, cancel: threading.Event | None, dropped: Callable[[int], bool] | None
    ) -> None:
        """Tell the worker what is no longer wanted."""
        if cancel is not None and cancel.is_set() and self._stops_at is None:
            self._stops_at = time.monotonic() + STOP_SECONDS
            self._mail.tell(self._worker, tasks.stop, self._topic)
        if dropped is None:
            return
        new = [
            position
            for position in self._cells
            if position not in self._dropped and dropped(position)
        ]
        if new:
            self._dropped.update(new)
            self._mail.tell(self._worker, tasks.drop, self._topic, CHUNK, new)

    def _news(self, message: dict[str, list[dict[str, object]]]) -> Generator[Event, None, None]:
        for news in message["news"]:
            event = wire.event_of(news, self._cells[int(str(news["index"]))])
            if event is not None:
                yield from self._untold([event])

    def _untold(self, events: Iterable[Event]) -> Generator[Event, None, None]:
        """Events, but what is told once is not told again with the answer."""
        for event in events:
            if not isinstance(event, Step | Done | Failed):
                told = (getattr(event, "index", 0), event.kind)
                if told in self._told:
                    continue
                self._told.add(told)
            yield event
