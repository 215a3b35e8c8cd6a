"""Saves each picture as it is finished: first the file, then the row and the metrics.

Files are written by threads of their own, several at once, so that neither a forward nor the next
picture waits for a PNG. Rows follow in the order in which the pictures were finished.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..events import Done, Failed, Started
from ..pictures.picture import Picture
from .row import failed_row, finished_row, metrics_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ..events import Event
    from ..render.resolved_cell import ResolvedCell
    from ..store.store import Store
    from ..store.traces import StoredFilm
    from .outcome import Outcome
    from .resolve import Listener
    from .trace_filling import TraceFilling


# threads that write, at most; more cores than these are left to what computes
WRITERS = 4
# pictures that wait to be written; then whoever renders waits too
PICTURES_WAITING = 64


@functools.cache
def _writers() -> ThreadPoolExecutor:
    """The threads that write: a single one where there are few cores, which OpenMP needs."""
    cores = os.cpu_count() or 1
    return ThreadPoolExecutor(max(1, min(WRITERS, cores // 4)), "dwlab-save")


@dataclass(frozen=True)
class _Files:
    """A picture on the disk. image: its path in the results folder. size: bytes."""

    image: str
    size: int
    film: StoredFilm | None


@dataclass(frozen=True)
class _Made:
    """A cell whose picture is being written. files: once they are on the disk."""

    event: Done
    picture: Picture
    files: Future[_Files]


class Saver:
    """Turns what is rendered into pictures and rows, and tells a listener once they are committed.

    cells: those that are rendered. exact: as they were resolved. metrics: names, or None for all
    that apply. outcome: counts what is made and what fails. filling: takes pictures that are here
    already, of which only the traces are kept.
    """

    def __init__(
        self,
        store: Store,
        outcome: Outcome,
        cells: Sequence[ResolvedCell],
        *,
        exact: int | None = None,
        metrics: Sequence[str] | None = None,
        listener: Listener | None = None,
        filling: TraceFilling | None = None,
    ) -> None:
        self._store = store
        self._outcome = outcome
        self._cells = {cell.position: cell for cell in cells}
        self._exact = exact
        self._metrics = metrics
        self._listener = listener
        self._filling = filling
        # cells whose rows are to come, in the order in which they ended
        self._ended: deque[_Made | Failed] = deque()
        self._uncommitted: list[Done | Failed] = []
        self._under_way: set[int] = set()

    def expect(self, cells: Sequence[ResolvedCell]) -> None:
        """Take in that more cells are rendered."""
        self._cells |= {cell.position: cell for cell in cells}

    def take_all(self, events: Generator[Event, None, None]) -> None:
        """Save what the events bring, to their end."""
        try:
            with contextlib.closing(events):
                for event in events:
                    self.take(event)
        except BaseException:
            self._add_what_is_written()
            raise
        self.commit()

    def take(self, event: Event) -> None:
        """Save what one event brings; pass others on."""
        if isinstance(event, Done):
            self._take_picture(event)
        elif isinstance(event, Failed):
            self._ended.append(event)
        elif self._listener:
            self._listener(event)
        self._add_rows(waiting=PICTURES_WAITING)
        if self._ends_group(event) or self._store.due():
            self.commit()

    def _ends_group(self, event: Event) -> bool:
        """Whether this was the last picture under way.

        What comes next may take long, the loading of a model even longer.
        """
        if isinstance(event, Started):
            self._under_way.add(event.index)
        elif isinstance(event, Done | Failed) and event.index in self._under_way:
            self._under_way.remove(event.index)
            return not self._under_way
        return False

    def commit(self) -> None:
        """Commit the rows of all that has ended so far, then tell the listener of them."""
        self._add_rows(waiting=0)
        self._store.flush()
        committed = self._uncommitted
        self._uncommitted = []
        for event in committed:
            self._count(event)
        if self._listener:
            for event in committed:
                self._listener(event)

    def _count(self, event: Done | Failed) -> None:
        is_filled = self._is_filled(event.index)
        if isinstance(event, Done):
            self._outcome.made += not is_filled
        elif isinstance(event, Failed):
            self._outcome.failed += 1
            self._outcome.reused -= is_filled

    def _is_filled(self, position: int) -> bool:
        """Whether the picture of a cell is here, and only its traces are wanted."""
        return self._filling is not None and self._cells[position].key in self._filling

    def _take_picture(self, event: Done) -> None:
        """Have a picture written, unless only its traces are wanted."""
        picture = event.result
        if not isinstance(picture, Picture):
            raise TypeError(f"a Picture was expected, not {picture!r}")
        if self._filling and self._is_filled(event.index):
            self._filling.take(picture)
            self._uncommitted.append(event)
            return
        self._ended.append(_Made(event, picture, _writers().submit(self._write, picture)))

    def _write(self, picture: Picture) -> _Files:
        """Write the files of a picture, durably; for a thread that writes."""
        png = picture.png()
        image = self._store.save_picture(png)
        film = self._store.save_film(image, picture.film) if picture.film else None
        return _Files(image, len(png), film)

    def _add_rows(self, waiting: int) -> None:
        """Add the rows of what is written, and wait until at most so many pictures are not.

        Raises what writing raised.
        """
        while self._ended and (_is_written(self._ended[0]) or len(self._ended) > waiting):
            ended = self._ended.popleft()
            if isinstance(ended, Failed):
                self._save_failure(ended)
            else:
                self._save_picture(ended.event, ended.picture, ended.files.result())

    def _add_what_is_written(self) -> None:
        """After an error, add the rows of all pictures whose files can still be written."""
        while self._ended:
            # the first error is the one to tell of
            with contextlib.suppress(Exception):
                self._add_rows(waiting=0)

    def _save_picture(self, event: Done, picture: Picture, files: _Files) -> None:
        """Add the row of a picture whose files are on the disk."""
        self._store.add(
            finished_row(self._cells[event.index], picture, files.image, files.size),
            experiment=self._outcome.name,
            metrics=metrics_of(picture, self._metrics),
            traces=picture.traces,
            film=files.film,
        )
        self._uncommitted.append(event)
        self._note_alone(picture)

    def _note_alone(self, picture: Picture) -> None:
        """Note once that a method's pictures do not share forwards."""
        alone = picture.settings.get("method")
        note = f"pictures of {picture.params.method or picture.params.pipeline} were {alone}"
        if alone and note not in self._outcome.notes:
            self._outcome.notes = (*self._outcome.notes, note)

    def _save_failure(self, event: Failed) -> None:
        row = failed_row(self._cells[event.index], event, self._exact)
        name = self._outcome.name
        self._store.add(row, experiment=name, traceback=event.traceback or None)
        self._uncommitted.append(event)


def _is_written(ended: _Made | Failed) -> bool:
    """Whether the row of a cell can be added."""
    return isinstance(ended, Failed) or ended.files.done()
