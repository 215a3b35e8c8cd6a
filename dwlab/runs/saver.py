"""Saves each picture as it is finished: first the file, then the row and the metrics."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ..events import Done, Failed, Started
from ..pictures.picture import Picture
from .row import Metrics, failed_row, finished_row, metrics_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ..events import Event
    from ..render.resolved_cell import ResolvedCell
    from ..store.cells import CellRow
    from ..store.store import Store
    from .outcome import Outcome
    from .resolve import Listener


class Saver:
    """Turns what is rendered into pictures and rows, and tells a listener once they are committed.

    cells: those that are rendered. exact: as they were resolved. metrics: names, or None for all
    that apply. outcome: counts what is made and what fails.
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
    ) -> None:
        self._store = store
        self._outcome = outcome
        self._cells = {cell.position: cell for cell in cells}
        self._exact = exact
        self._metrics = metrics
        self._listener = listener
        self._uncommitted: list[Event] = []
        self._under_way: set[int] = set()

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
        self._outcome.made += sum(isinstance(event, Done) for event in committed)
        self._outcome.failed += sum(isinstance(event, Failed) for event in committed)
        if self._listener:
            for event in committed:
                self._listener(event)

    def _save_picture(self, event: Done) -> None:
        picture = event.result
        if not isinstance(picture, Picture):
            raise TypeError(f"a Picture was expected, not {picture!r}")
        png = picture.png()
        image = self._store.save_picture(png)
        row = finished_row(self._cells[event.index], picture, image, len(png))
        self._add(row, metrics_of(picture, self._metrics), event)
        self._note_alone(picture)

    def _note_alone(self, picture: Picture) -> None:
        """Note once that a method's pictures do not share forwards."""
        alone = picture.settings.get("method")
        note = f"pictures of {picture.params.method or picture.params.pipeline} were {alone}"
        if alone and note not in self._outcome.notes:
            self._outcome.notes = (*self._outcome.notes, note)

    def _save_failure(self, event: Failed) -> None:
        row = failed_row(self._cells[event.index], event, self._exact)
        self._add(row, {}, event, event.traceback or None)

    def _add(
        self, row: CellRow, metrics: Metrics, event: Event, traceback: str | None = None
    ) -> None:
        name = self._outcome.name
        self._store.add(row, experiment=name, metrics=metrics, traceback=traceback)
        self._uncommitted.append(event)
