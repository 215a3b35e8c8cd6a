"""Make pictures of single recipes: take what is in the store, render and keep the rest."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..events import Cancelled, Connected, Done, Event, Failed, WorkerChanged
from ..paths import results_folder
from ..pictures.inputs import Inputs
from ..pictures.not_finite import nan_warning
from ..pictures.picture import Picture
from ..render.renderer import Renderer, render
from ..spec.compute import Compute
from ..store import images
from ..store.store import Store
from . import code_trust
from .outcome import Outcome
from .own_code import keep_code
from .resolve import identify_all, resolve, stop_downloads
from .saver import Saver

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from PIL import Image

    from ..render.joining import Joining
    from ..render.resolved_cell import ResolvedCell
    from ..spec.params import GenerationParams
    from ..store.history_index import HistoryRun
    from .resolve import Listener


@dataclass(frozen=True)
class Reused:
    """A picture that was in the store before. warning: see Picture."""

    key: str
    image: Image.Image
    warning: str | None = None


def keep(
    params: Sequence[GenerationParams],
    *,
    experiment: str,
    results: str | Path | None = None,
    compute: Compute = Compute(),
    render: Renderer = render,
    on_event: Listener | None = None,
    cancel: threading.Event | None = None,
    download: bool = True,
    run: HistoryRun | None = None,
) -> None:
    """Make the pictures of some recipes that the store lacks, and enter all as the latest ones.

    experiment: to enter them in. download: see `dwlab.stream`. run: see `History.append`. For the rest see `keep_cells`;
    events are numbered as in `params`. Errors and `cancel` are as for `run`.
    """
    code_trust.check(params)
    listener = stop_downloads(cancel, on_event)
    try:
        identities = identify_all(params, compute, download=download, on_event=listener)
    # while a model was downloaded
    except Cancelled:
        return
    with Store(results_folder(results)) as store:
        keep_cells(
            resolve(params, identities, compute.exact, inputs=Inputs(store.root, write=True)),
            store,
            experiment=experiment,
            compute=compute,
            render=render,
            on_event=on_event,
            cancel=cancel,
            run=run,
        )


def keep_cells(
    cells: Sequence[ResolvedCell],
    store: Store,
    *,
    experiment: str,
    compute: Compute,
    render: Renderer = render,
    on_event: Listener | None = None,
    cancel: threading.Event | None = None,
    dropped: Callable[[int], bool] | None = None,
    run: HistoryRun | None = None,
    late: Late | None = None,
) -> None:
    """Make the pictures of some cells that the store lacks, and enter all as the latest ones.

    on_event: told of each event once its row is committed. A picture that is in the store is `done`
    at once, with a Reused. Cells that are equal are made once, and each is told of it.
    dropped: whether the picture of a position is no longer wanted. run: see `History.append`.
    late: where further cells come from, meanwhile.
    """
    request = _Request(store, experiment, run, on_event, dropped)
    try:
        todo = request.enter(cells)
        outcome = Outcome(experiment, store.root, len(todo))
        saver = Saver(store, outcome, todo, exact=compute.exact, listener=request.tell)
        while todo:
            events = render(todo, compute=compute, cancel=cancel, dropped=request.is_dropped)
            saver.take_all(_topped_up(events, request, saver, late) if late else events)
            todo = late.joining.take_all() if late else []
    finally:
        store.flush()


def _topped_up(
    events: Generator[Event, None, None], request: _Request, saver: Saver, late: Late
) -> Generator[Event, None, None]:
    """Events of a rendering, whose reader looks after each of them whether further cells have come."""
    with contextlib.closing(events):
        for event in events:
            yield event
            cells = late.more()
            if cells:
                todo = request.enter(cells)
                saver.expect(todo)
                late.joining.add(todo)


@dataclass(frozen=True)
class Late:
    """Where the cells come from that are asked for while others are made.

    more: returns those that came since it was last called, with positions of their own; called after
    each event. joining: takes them to the renderer, which was given it too.
    """

    more: Callable[[], Sequence[ResolvedCell]]
    joining: Joining


class _Request:
    """Cells of which some may be equal: each is made once, and all are told of it."""

    def __init__(
        self,
        store: Store,
        experiment: str,
        run: HistoryRun | None,
        listener: Listener | None,
        dropped: Callable[[int], bool] | None,
    ) -> None:
        self._store = store
        self._experiment = experiment
        self._run = run
        self._listener = listener
        self._dropped = dropped or (lambda _: False)
        # those that are equal, by the position of the one that is made
        self._equal: dict[int, list[ResolvedCell]] = {}
        # which one is made of each key that is under way
        self._under_way: dict[str, int] = {}

    def enter(self, cells: Sequence[ResolvedCell]) -> list[ResolvedCell]:
        """Enter cells as the latest ones, and tell of those that are in the store; returns the others.

        Of equal ones it returns the first, and none that equals one under way.
        """
        keys = list(dict.fromkeys(cell.key for cell in cells))
        self._store.experiments.enter(self._experiment, {"name": self._experiment})
        self._store.history.append(self._experiment, keys, self._run)
        pictures = _stored_pictures(self._store, keys)
        todo = []
        for cell in cells:
            if cell.key in pictures:
                self._equal[cell.position] = [cell]
                reused = Reused(cell.key, pictures[cell.key], _warning(self._store, cell.key))
                self.tell(Done(cell.position, cell.params, reused))
            elif self._is_under_way(cell.key):
                self._equal[self._under_way[cell.key]].append(cell)
            else:
                self._equal[cell.position] = [cell]
                self._under_way[cell.key] = cell.position
                todo.append(cell)
        keep_code(self._store.root, [cell.params for cell in todo])
        return todo

    def _is_under_way(self, key: str) -> bool:
        """Whether a picture of that key will be made; one that is dropped ends without being made."""
        position = self._under_way.get(key)
        return position is not None and not self.is_dropped(position)

    def tell(self, event: Event) -> None:
        """Tell of an event of a cell at the positions of all that are equal to it."""
        if isinstance(event, Connected | WorkerChanged):
            if self._listener:
                self._listener(event)
            return
        cells = self._equal[event.index]
        if isinstance(event, Done | Failed) and self._under_way.get(cells[0].key) == event.index:
            del self._under_way[cells[0].key]
        for cell in cells:
            if self._listener and not self._dropped(cell.position):
                self._listener(dataclasses.replace(event, index=cell.position))
            # it is made for the first one only
            if isinstance(event, Done) and isinstance(event.result, Picture):
                reused = Reused(cell.key, event.result.image, event.result.warning)
                event = dataclasses.replace(event, result=reused)

    def is_dropped(self, position: int) -> bool:
        """Whether a cell that is made, and all that are equal to it, are no longer wanted."""
        return all(self._dropped(cell.position) for cell in self._equal[position])


def _stored_pictures(store: Store, keys: Sequence[str]) -> dict[str, Image.Image]:
    """The pictures that are in the store and undamaged, by key."""
    pictures = {}
    for key, image in store.cells.finished(keys).items():
        picture = images.read_picture(store.root / image)
        if picture is not None:
            pictures[key] = picture
    return pictures


def _warning(store: Store, key: str) -> str | None:
    return nan_warning(store.metrics.nan_shares([key]), 1)
