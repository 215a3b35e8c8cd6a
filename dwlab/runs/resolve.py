"""Cells made complete, once: the model behind each, its parameters in full, and its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InvalidInput, NotDownloaded
from ..events import Cancelled, Downloading, Event
from ..models.arguments import check_arguments
from ..models.identity import Identity, complete, identify, omission_of
from ..render.resolved_cell import ResolvedCell
from ..spec.kinds import alike

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..events import Download
    from ..spec.compute import Compute
    from ..spec.params import GenerationParams

    Listener = Callable[[Event], None]

ModelAndDtype = tuple[str, str]
Identities = dict[ModelAndDtype, Identity]


def resolve(
    params: Iterable[GenerationParams],
    identities: Mapping[ModelAndDtype, Identity],
    exact: int | None = None,
    *,
    start: int = 0,
) -> list[ResolvedCell]:
    """Complete parameters from their models' files and compute the keys.

    exact: the number of rows of each forward in exact mode, otherwise None.
    start: the position of the first cell; the others follow it.
    """
    omissions = {pair: omission_of(identity) for pair, identity in identities.items()}
    cells = []
    for position, asked in enumerate(params, start):
        pair = (asked.model, asked.dtype)
        identity = identities[pair]
        completed = complete(asked, identity)
        key = completed.key(identity.weights, identity.dtype, exact, omission=omissions[pair])
        cells.append(ResolvedCell(position, completed, identity, key))
    return cells


def identify_all(
    params: Sequence[GenerationParams],
    compute: Compute,
    *,
    download: bool = True,
    on_event: Listener | None = None,
) -> Identities:
    """Identify each (model, dtype) that is named, and check schedulers and arguments against it.

    on_event: told of downloads; if it is not given, they are shown on stderr. Raises InvalidInput
    and ModelError, and NotDownloaded if a download is needed but not allowed.
    """
    groups = _by_model(params)
    identities = {}
    for (model, dtype), cells in groups.items():
        identities[model, dtype] = identify(
            model,
            compute.device,
            dtype,
            download=download,
            profile=compute.profile,
            on_download=_download_listener(on_event, params, cells[0]),
        )
    for pair, identity in identities.items():
        check_arguments(groups[pair], identity)
    return identities


def identities_of_loaded(params: Sequence[GenerationParams], identity: Identity) -> Identities:
    """The same for cells that a loaded model renders; it has one dtype only."""
    groups = _by_model(params)
    for (_, dtype), cells in groups.items():
        if dtype not in ("auto", identity.dtype):
            allowed = f"auto or {identity.dtype}, which the given model is loaded in"
            raise InvalidInput("dtype", dtype, allowed)
        check_arguments(cells, identity)
    return dict.fromkeys(groups, identity)


def identify_available(
    params: Sequence[GenerationParams], compute: Compute
) -> tuple[Identities, dict[str, str]]:
    """Identify the models that need no download; for each of the others, say why it does."""
    identities: Identities = {}
    missing: dict[str, str] = {}
    examples = [example for example, _ in alike(params)]
    for model in dict.fromkeys(example.model for example in examples):
        own = [example for example in examples if example.model == model]
        try:
            identities |= identify_all(own, compute, download=False)
        except NotDownloaded as error:
            missing[model] = str(error)
    return identities, missing


def stop_downloads(cancel: threading.Event | None, listener: Listener | None) -> Listener | None:
    """A listener that ends a download once `cancel` is set, by raising Cancelled."""
    if listener is None:
        return None

    def listen(event: Event) -> None:
        if cancel and cancel.is_set():
            raise Cancelled
        listener(event)

    return listen


def _by_model(params: Sequence[GenerationParams]) -> dict[ModelAndDtype, list[GenerationParams]]:
    """One example of each kind of cell, by model and dtype."""
    groups: dict[ModelAndDtype, list[GenerationParams]] = {}
    for example, _ in alike(params):
        groups.setdefault((example.model, example.dtype), []).append(example)
    return groups


def _download_listener(
    on_event: Listener | None, params: Sequence[GenerationParams], example: GenerationParams
) -> Callable[[Download], None] | None:
    """Tell of a download as an event of the first cell that waits for it."""
    if on_event is None:
        return None

    def listen(download: Download) -> None:
        pair = (example.model, example.dtype)
        index = next(k for k, each in enumerate(params) if (each.model, each.dtype) == pair)
        on_event(Downloading(index, params[index], download))

    return listen
