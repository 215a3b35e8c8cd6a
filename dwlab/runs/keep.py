"""Make pictures of single recipes: take what is in the store, render and keep the rest."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..events import Cancelled, Connected, Done, Event, WorkerChanged
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
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PIL import Image

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
) -> None:
    """Make the pictures of some cells that the store lacks, and enter all as the latest ones.

    on_event: told of each event once its row is committed. A picture that is in the store is `done`
    at once, with a Reused. Cells that are equal are made once, and each is told of it.
    dropped: whether the picture of a position is no longer wanted. run: see `History.append`.
    """
    request = _Request(cells, on_event, dropped)
    keys = [cell.key for cell in request.distinct]
    try:
        store.experiments.enter(experiment, {"name": experiment})
        store.history.append(experiment, keys, run)
        pictures = _stored_pictures(store, keys)
        todo = []
        for cell in request.distinct:
            if cell.key in pictures:
                reused = Reused(cell.key, pictures[cell.key], _warning(store, cell.key))
                request.tell(Done(cell.position, cell.params, reused))
            else:
                todo.append(cell)
        if todo:
            keep_code(store.root, [cell.params for cell in todo])
            outcome = Outcome(experiment, store.root, len(keys))
            saver = Saver(store, outcome, todo, exact=compute.exact, listener=request.tell)
            saver.take_all(render(todo, compute=compute, cancel=cancel, dropped=request.is_dropped))
    finally:
        store.flush()


class _Request:
    """Cells of which some may be equal: each is made once, and all are told of it.

    distinct: the first one of each key.
    """

    def __init__(
        self,
        cells: Sequence[ResolvedCell],
        listener: Listener | None,
        dropped: Callable[[int], bool] | None,
    ) -> None:
        by_key: dict[str, list[ResolvedCell]] = {}
        for cell in cells:
            by_key.setdefault(cell.key, []).append(cell)
        self._equal = {equal[0].position: equal for equal in by_key.values()}
        self.distinct = [equal[0] for equal in by_key.values()]
        self._listener = listener
        self._dropped = dropped or (lambda _: False)

    def tell(self, event: Event) -> None:
        """Tell of an event of a distinct cell at the positions of all that are equal to it."""
        if isinstance(event, Connected | WorkerChanged):
            if self._listener:
                self._listener(event)
            return
        for cell in self._equal[event.index]:
            if self._listener and not self._dropped(cell.position):
                self._listener(dataclasses.replace(event, index=cell.position))
            # it is made for the first one only
            if isinstance(event, Done) and isinstance(event.result, Picture):
                reused = Reused(cell.key, event.result.image, event.result.warning)
                event = dataclasses.replace(event, result=reused)

    def is_dropped(self, position: int) -> bool:
        """Whether a distinct cell, and all that are equal to it, are no longer wanted."""
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
