"""Pictures without a store: `dwlab.generate` and `dwlab.stream`."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

from ..cluster.place import placed
from ..errors import InvalidInput, RenderError
from ..events import Done, Downloading, Failed
from ..models import loading
from ..models.download_bar import DownloadBar
from ..pictures.picture import Picture
from ..render.channel import Channel
from ..render.renderer import events_of, render_into, without
from ..render.threads import start_for
from ..spec.compute import METHOD_TIMEOUT, Compute
from ..spec.memory import parse as parse_memory
from ..spec.params import GenerationParams
from ..spec.probes import parse as parse_probes
from ..spec.where import LOCAL
from . import code_trust
from .resolve import identify_all, identities_of_loaded, resolve

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Generator, Iterable, Sequence

    from ..events import Event
    from ..render.resolved_cell import ResolvedCell
    from ..spec.where import Connected


def generate(
    prompt: str,
    *,
    model: str | loading.Model = "shapes",
    device: str = "auto",
    profile: str | None = None,
    memory: object = None,
    **params: Any,
) -> Picture:
    """Make one picture.

    model: a name, or what `dwlab.load` returned, which stays on its device, in its dtype and
    settings.
    device, profile: see `Compute` in `dwlab.spec.compute`.
    memory: "auto", or names of measures that save memory, like "model-offload" (docs/memory.md).
    params: the fields of GenerationParams, in diffusers' spellings too; whatever is left out is the
    model's default.
    Raises InvalidInput or ModelError before anything loads, RenderError when the picture fails.
    """
    name = model.identity.name if isinstance(model, loading.Model) else model
    cell = GenerationParams.of(prompt=prompt, model=name, **params)
    show_download = DownloadBar()
    events = stream([cell], model=model, device=device, profile=profile, memory=memory)
    for event in events:
        if isinstance(event, Downloading):
            show_download(event.download)
        elif isinstance(event, Failed):
            raise RenderError(f"the picture failed: {event.error}")
        elif isinstance(event, Done) and isinstance(event.result, Picture):
            return event.result
    raise RenderError("the renderer ended without a picture")


def stream(
    params_list: Iterable[GenerationParams],
    *,
    model: str | loading.Model | None = None,
    device: str = "auto",
    pack: int | None = None,
    profile: str | None = None,
    exact: int | None = None,
    memory: object = None,
    cancel: threading.Event | None = None,
    dropped: Callable[[int], bool] | None = None,
    download: bool = True,
    method_timeout: float = METHOD_TIMEOUT,
    probes: Sequence[str] = (),
    where: str | Connected = LOCAL,
) -> Generator[Event, None, None]:
    """Make pictures and yield events as they happen: started, step, done (with a Picture), failed.

    Events are numbered as in `params_list`; while a model is downloaded, there are events of the
    kind download.

    model: a name or a loaded model to use instead of the cells' own. It replaces their model and
    nothing else: steps, guidance, size and scheduler stay, also if they are defaults of the cells'
    own model. A loaded model stays on its device and in its dtype.
    device, pack, profile, exact: see `Compute` in `dwlab.spec.compute`. Without `exact`, pictures
    are within 1/255 of a lone call's in float32.
    memory: "auto", or names of measures that save memory; see docs/memory.md. A loaded model keeps
    its own.
    cancel: stops within one step once it is set, as closing the iterator does.
    dropped: whether a picture, by its index, is no longer wanted; asked at each of its steps, and
    then it ends there without another event.
    download: whether a hub model that is not on this machine may be fetched; if not, NotDownloaded
    is raised.
    method_timeout: the seconds that the own code of a method may take per cell.
    probes: what pictures keep of their steps, in `traces` and `film` (docs/probes.md).
    where: see `Sweep.run`; a loaded model computes in this process only.
    A cell that fails does not stop the others. Raises InvalidInput and ModelError before any
    weights load.
    """
    measures = parse_memory(memory)
    compute = Compute(
        device=device,
        pack=pack,
        profile=profile,
        exact=exact,
        memory=measures,
        method_timeout=method_timeout,
        probes=parse_probes(probes),
        where=where,
    )
    loaded = loading.as_it_is(model) if isinstance(model, loading.Model) else None
    cells = _with_model(params_list, loaded.identity.name if loaded else model)
    code_trust.check(cells)
    if not compute.place.is_local:
        if loaded:
            raise InvalidInput("where", where, f"{LOCAL}, where the loaded model is")
        yield from _by_workers(cells, compute, download, cancel, dropped)
        return
    resolved: list[ResolvedCell] = []

    def resolve_all(channel: Channel) -> list[ResolvedCell]:
        def tell_of_download(event: Event) -> None:
            channel.check()
            channel.send(event)

        if loaded:
            identities = identities_of_loaded(
                cells, loaded.identity, download=download, on_event=tell_of_download
            )
        else:
            identities = identify_all(cells, compute, download=download, on_event=tell_of_download)
        return resolve(cells, identities, compute.exact)

    def work(channel: Channel, ended: Collection[int]) -> None:
        if not resolved:
            resolved.extend(resolve_all(channel))
        render_into(channel, without(resolved, ended), compute, loaded)

    yield from events_of(functools.partial(Channel, cancel, dropped), work, start_for(cells))


def _by_workers(
    cells: Sequence[GenerationParams],
    compute: Compute,
    download: bool,
    cancel: threading.Event | None,
    dropped: Callable[[int], bool] | None,
) -> Generator[Event, None, None]:
    """Make pictures where `compute.where` says."""
    with placed(compute) as place:
        identities = identify_all(cells, place.compute, download=download)
        resolved = resolve(cells, identities, compute.exact)
        rendering = place.render(resolved, compute=place.compute, cancel=cancel, dropped=dropped)
        with contextlib.closing(rendering):
            yield from rendering


def _with_model(params: Iterable[GenerationParams], name: object) -> list[GenerationParams]:
    if name is None:
        return list(params)
    return [cell.replace(model=name) for cell in params]
