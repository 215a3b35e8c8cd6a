"""Saves each picture as it is finished: first the file, then the row and the metrics."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ..events import Done, Failed, Started
from ..pictures.picture import Picture
from .row import failed_row, finished_row, metrics_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ..events import Event
    from ..render.resolved_cell import ResolvedCell
    from ..store.store import Store
    from .outcome import Outcome
    from .resolve import Listener
    from .trace_filling import TraceFilling


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
        self._uncommitted: list[Done | Failed] = []
        self._under_way: set[int] = set()

    def expect(self, cells: Sequence[ResolvedCell]) -> None:
        """Take in that more cells are rendered."""
        self._cells |= {cell.position: cell for cell in cells}

    def take_all(self, events: Generator[Event, None, None]) -> None:
        """Save what the events bring, to their end."""
        with contextlib.closing(events):
            for event in events:
                self.take(event)
        self.commit()

    def take(self, event: Event) -> None:
        """Save what one event brings; pass others on."""
        if isinstance(event, Done):
            self._save_picture(event)
        elif isinstance(event, Failed):
            self._save_failure(event)
        elif self._listener:
            self._listener(event)
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
        """Commit the rows so far, then tell the listener of them."""
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

    def _save_picture(self, event: Done) -> None:
        picture = event.result
        if not isinstance(picture, Picture):
            raise TypeError(f"a Picture was expected, not {picture!r}")
        if self._filling and self._is_filled(event.index):
            self._filling.take(picture)
            self._uncommitted.append(event)
            return
        png = picture.png()
        image = self._store.save_picture(png)
        film = self._store.save_film(image, picture.film) if picture.film else None
        self._store.add(
            finished_row(self._cells[event.index], picture, image, len(png)),
            experiment=self._outcome.name,
            metrics=metrics_of(picture, self._metrics),
            traces=picture.traces,
            film=film,
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
