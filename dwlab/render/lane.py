"""One device for several askers: urgent cells first, and the others go on where they were."""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from ..models import loading
from .channel import Channel, Postponed
from .renderer import events_of, render_all

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from ..events import Event
    from ..models.identity import Identity
    from ..spec.compute import Compute
    from .joining import Joining
    from .resolved_cell import ResolvedCell

# of the time that urgent cells took, for which the others then go on; so these never stand still
PATIENT_SHARE = 0.1


class _Piece:
    """A piece of work for a lane. models: those that it needs."""

    def __init__(self, work: Callable[[], None], models: frozenset[Identity], lane: Lane) -> None:
        self.models = models
        self._work = work
        self._lane = lane
        self._over = threading.Event()

    def run(self) -> None:
        """Do the work, which tells its asker of whatever it raises."""
        try:
            self._work()
        finally:
            self._over.set()

    @property
    def ident(self) -> int | None:
        """Python's number of the thread that does it."""
        return self._lane.ident

    def is_alive(self) -> bool:
        """Whether the work is not over."""
        return not self._over.is_set() and self._lane.is_alive()

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end, for so many seconds at most."""
        self._over.wait(timeout)


class Lane:
    """A thread that renders for any number of other threads, one piece of work at a time.

    A patient rendering lets an urgent one pass between two forwards, or between two pictures that
    share none. Its pictures under way stay as they are meanwhile, unless the model of the urgent one
    finds no room beside its own: then they are begun anew. Cells with code of the user's own need a
    thread that can be given up, and so must not come here.
    """

    def __init__(self) -> None:
        self._urgent: deque[_Piece] = deque()
        self._patient: deque[_Piece] = deque()
        self._changed = threading.Condition()
        self._ending = False
        self._patient_until = 0.0
        self._thread = threading.Thread(target=self._run, name="dwlab-device", daemon=True)

    def start(self) -> None:
        """Begin to render."""
        self._thread.start()

    def end(self) -> None:
        """Render no more, once what is under way is over."""
        with self._changed:
            self._ending = True
            self._changed.notify()

    @property
    def ident(self) -> int | None:
        """Python's number of the thread."""
        return self._thread.ident

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def render(
        self,
        cells: Sequence[ResolvedCell],
        *,
        compute: Compute,
        cancel: threading.Event | None = None,
        dropped: Callable[[int], bool] | None = None,
        joining: Joining | None = None,
    ) -> Generator[Event, None, None]:
        """Make pictures as `dwlab.render.renderer.render` does, before those of patient renderings."""
        new_channel = functools.partial(Channel, cancel, dropped, joining=joining)
        start = functools.partial(self._start, self._urgent, cells)
        yield from events_of(new_channel, functools.partial(render_all, cells, compute), start)

    def render_patiently(
        self,
        cells: Sequence[ResolvedCell],
        *,
        compute: Compute,
        cancel: threading.Event | None = None,
        dropped: Callable[[int], bool] | None = None,
        joining: Joining | None = None,
    ) -> Generator[Event, None, None]:
        """Make pictures as `dwlab.render.renderer.render` does, while nothing urgent waits."""
        new_channel = functools.partial(
            Channel, cancel, dropped, joining=joining, give_way=self._give_way
        )
        start = functools.partial(self._start, self._patient, cells)
        yield from events_of(new_channel, functools.partial(render_all, cells, compute), start)

    def _start(
        self, queue: deque[_Piece], cells: Sequence[ResolvedCell], work: Callable[[], None]
    ) -> _Piece:
        models = {model for cell in cells for model in (cell.identity, cell.second) if model}
        piece = _Piece(work, frozenset(models), self)
        with self._changed:
            queue.append(piece)
            self._changed.notify()
        return piece

    def _run(self) -> None:
        while (piece := self._next()) is not None:
            piece.run()

    def _next(self) -> _Piece | None:
        """What to do next; waits for it. None if the lane has ended."""
        with self._changed:
            while not self._ending:
                queue = self._urgent or self._patient
                if queue:
                    return queue.popleft()
                self._changed.wait()
        return None

    def _give_way(self) -> bool:
        """Do an urgent piece of work now, within a patient one; raises Postponed if it cannot be."""
        if not self._urgent or time.monotonic() < self._patient_until:
            return False
        if not all(loading.has_room(identity) for identity in self._urgent[0].models):
            raise Postponed
        began = time.monotonic()
        self._urgent.popleft().run()
        ended = time.monotonic()
        self._patient_until = ended + PATIENT_SHARE * (ended - began)
        return True
