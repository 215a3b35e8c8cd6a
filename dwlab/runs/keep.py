"""Render what somebody asks for, take what is in the store, keep the rest."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..events import Cancelled, Done, Event
from ..paths import results_folder
from ..pictures.not_finite import nan_warning
from ..pictures.picture import Picture
from ..render.stream import stream
from ..store import images
from ..store.store import Store
from .resolve import Identities, cell_key, identify_all
from .saver import Saver

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PIL import Image

    from ..spec.params import GenerationParams

from .run import Listener, Outcome, Renderer, unless


@dataclass(frozen=True)
class Reused:
    """A picture that the store had already. warning: see Picture."""

    key: str
    image: Image.Image
    warning: str | None = None


def keep(
    params: Sequence[GenerationParams],
    *,
    experiment: str,
    results: str | Path | None = None,
    store: Store | None = None,
    device: str = "auto",
    render: Renderer = stream,
    on_event: Listener | None = None,
    cancel: threading.Event | None = None,
    dropped: Callable[[int], bool] = lambda _: False,
    download: bool = True,
) -> None:
    """Make the pictures of some recipes that the store lacks, and enter all of them as an experiment's latest.

    store: an open one, in place of that of `results`. on_event: told each event once its row is committed, numbered
    as in `params`; what is there already is `done` at once, with a Reused. Recipes that are equal are made once, and
    each is told of it. dropped, download: as for `dwlab.stream`. Errors and `cancel` as of `run`.
    """
    try:
        identities = identify_all(
            params, device, download=download, on_event=unless(cancel, on_event)
        )
    except Cancelled:  # while a model was downloaded
        return
    wanted = by_key(params, identities)

    def tell(key: str, event: Event) -> None:
        for index in wanted[key]:
            if on_event and not dropped(index):
                on_event(dataclasses.replace(event, index=index))
            # made for the first one, and already there for the others
            if isinstance(event, Done) and isinstance(event.result, Picture):
                event = dataclasses.replace(
                    event, result=Reused(key, event.result.image, event.result.warning)
                )

    with contextlib.ExitStack() as opened:
        if store is None:
            store = opened.enter_context(Store(results_folder(results)))
        else:
            opened.callback(store.flush)
        store.enter(experiment, {"name": experiment}, 0)
        store.append(experiment, list(wanted))
        found = {
            row["key"]: images.read_picture(store.root / row["image"])
            for row in store.finished(list(wanted))
        }
        todo = []
        for key, (first, *_) in wanted.items():
            if (picture := found.get(key)) is None:
                todo.append(key)
            else:
                reused = Reused(key, picture, nan_warning(store.nan_shares([key]), 1))
                tell(key, Done(first, params[first], reused))
        outcome = Outcome(experiment, store.root, len(wanted))
        saver = Saver(
            experiment,
            None,
            store,
            identities,
            outcome,
            lambda event: tell(todo[event.index], event),
        )
        if todo:
            asked = [params[wanted[key][0]] for key in todo]
            events = render(
                asked,
                device=device,
                cancel=cancel,
                download=download,
                dropped=lambda place: all(map(dropped, wanted[todo[place]])),
            )
            saver.take_all(events)


def by_key(params: Sequence[GenerationParams], identities: Identities) -> dict[str, list[int]]:
    """The indices of recipes by their key."""
    indices: dict[str, list[int]] = {}
    for index, one in enumerate(params):
        indices.setdefault(cell_key(one, identities), []).append(index)
    return indices
