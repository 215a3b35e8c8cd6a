"""From parameters to pictures: the one seam behind which images are computed.

Each cell is one call of its stock diffusers pipeline, with a CPU generator of its own. `packing` runs many at a time
and merges their model calls; what it cannot take, and `pack=1`, runs one call after the other. A picture does not depend
on its company beyond rounding (within 1/255 in float32), in exact mode not at all.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import DwlabError, InvalidInput, RenderError, first_line
from ..events import Cancelled, Done, Downloading, Event, Failed, Started, Step
from ..models import device as devices
from ..models import loading, memory
from ..models.arguments import check_arguments
from ..models.download_bar import DownloadBar
from ..models.identity import Identity, complete, identify, omission_of
from ..pictures.picture import Picture
from ..spec import schedulers
from ..spec.modes import mode
from ..spec.params import GenerationParams, known_parameters
from . import preview
from .call import attention_kept, dtype_kept, stock_arguments, to_image, told_of_steps
from .not_finite import Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..events import Download

log = logging.getLogger(__name__)
Numbered = tuple[int, GenerationParams]
Emit = Callable[[Event], None]
Check = Callable[
    [int | None], None
]  # raises Cancelled or Dropped where a cell, or all, shall not go on


class Dropped(Exception):
    """Raised inside a pipeline's step to leave it alone."""


def generate(
    prompt: str,
    *,
    model: str | loading.Model = "shapes",
    device: str = "auto",
    profile: str | None = None,
    **params: Any,
) -> Picture:
    """Make one picture.

    model: a name, or what `dwlab.load` gave, which stays on its device, in its dtype and settings. profile: as of
    `stream`. params: the fields of GenerationParams, diffusers' spellings accepted; what is left out is the model's default.
    Raises InvalidInput or ModelError before anything loads, RenderError when the picture fails.
    """
    name = model.identity.name if isinstance(model, loading.Model) else model
    cell = GenerationParams(**known_parameters({"prompt": prompt, "model": name, **params}))
    show_download = DownloadBar()
    for event in stream([cell], model=model, device=device, profile=profile):
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
    cancel: threading.Event | None = None,
    dropped: Callable[[int], bool] | None = None,
    download: bool = True,
) -> Iterator[Event]:
    """Compute pictures and yield events as they happen: download, started, step, done (with a Picture) or failed.

    model: a name or a loaded model to use in place of the cells' own. It replaces their model and
    nothing else: steps, guidance, size and scheduler stay, also where they are defaults of the
    cells' own model. A loaded model stays on its device and in its dtype. pack: how many pictures
    share a forward, at two rows each (None: as many as the device gains from; 1: one stock call after the other).
    profile: None for stock settings, or "fast" for those that `dwlab bench tune` found on this machine. exact: each
    forward has this many rows, so that a cell gives the same bytes whatever runs beside it, on the same machine with the
    same versions and threads; else pictures are within 1/255 of a lone call's in float32. `cancel`, or closing the
    iterator, stops within one step. dropped: whether a picture, by its index, is not wanted any more; asked at each of its
    steps, and then it ends there without another event. download: whether a hub model that is not on this machine may be
    fetched; if not, NotDownloaded is raised.
    One cell that fails does not stop the others. Raises InvalidInput and ModelError before any
    weights load.
    """
    mode(exact)
    cells = list(params_list)
    loaded = loading.as_it_is(model) if isinstance(model, loading.Model) else None
    name = loaded.identity.name if loaded else model
    if name is not None:
        cells = [c.replace(model=name) for c in cells]
    stop = cancel or threading.Event()
    events: queue.Queue[Event | BaseException | None] = queue.Queue(maxsize=256)

    def emit(event: Event | BaseException | None) -> None:
        while not closed.is_set():
            with contextlib.suppress(queue.Full):
                events.put(event, timeout=0.1)
                return

    def work() -> None:
        try:
            for identity, numbered in _by_model(cells, loaded, device, profile, download, tell):
                _render_model(loaded or identity, numbered, pack, exact, emit, check)
        except Cancelled:
            pass
        except BaseException as error:  # noqa: BLE001  # handed to the consumer, who raises it
            emit(error)
        emit(None)

    closed = threading.Event()
    check = _check(stop, closed, dropped)
    tell = functools.partial(_tell_of_download, emit, check, cells)
    worker = threading.Thread(target=work, name="dwlab-render", daemon=True)
    worker.start()
    try:
        while (event := events.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event
    finally:
        closed.set()
        worker.join()


def _check(
    stop: threading.Event, closed: threading.Event, dropped: Callable[[int], bool] | None
) -> Check:
    def check(index: int | None) -> None:
        if stop.is_set() or closed.is_set():
            raise Cancelled
        if dropped and index is not None and dropped(index):
            raise Dropped

    return check


def _tell_of_download(
    emit: Emit, check: Check, cells: list[GenerationParams], index: int, download: Download
) -> None:
    """Tell of the download that a cell waits for, and end it where it is not wanted any more."""
    check(None)
    emit(Downloading(index, cells[index], download))


def _by_model(
    cells: list[GenerationParams],
    loaded: loading.Model | None,
    device: str,
    profile: str | None,
    download: bool,
    tell: Callable[[int, Download], None],
) -> list[tuple[Identity, list[Numbered]]]:
    """Cells numbered and sorted by model and dtype, checked against signatures; models stay unloaded."""
    asked: dict[tuple[str, str], list[Numbered]] = {}
    for index, params in enumerate(cells):
        asked.setdefault((params.model, params.dtype), []).append((index, params))
    batches = []
    for (name, dtype), given in asked.items():
        on_download = functools.partial(tell, given[0][0])
        identity = loaded.identity if loaded else identify(
            name, device, dtype, download=download, profile=profile, on_download=on_download
        )  # fmt: skip
        if dtype not in ("auto", identity.dtype):
            raise InvalidInput(
                "dtype", dtype, f"auto or {identity.dtype}, which the given model is loaded in"
            )
        numbered = [(index, complete(params, identity)) for index, params in given]
        check_arguments((params for _, params in numbered), identity)
        batches.append((identity, numbered))
    return batches


def _render_model(
    source: Identity | loading.Model,
    numbered: list[Numbered],
    pack: int | None,
    exact: int | None,
    emit: Emit,
    check: Check,
) -> None:
    check(None)
    from .packing.refusal import refusal

    try:
        model = source if isinstance(source, loading.Model) else loading.load_identified(source)
        reason = refusal(model.pipeline, model.identity.device)
    except Exception as error:  # noqa: BLE001  # whatever a model raises is the failure of its cells, not of the sweep
        _fail_all(numbered, error, emit)
        return
    pack = pack or model.identity.pack
    if reason and exact:
        for index, params in numbered:
            emit(Failed(index, params, error=f"not in exact mode: {reason}", status="failed"))
    elif reason or (pack == 1 and not exact):
        if pack != 1:
            log.warning("%s: one picture at a time, because %s", model.identity.name, reason)
        for cell in numbered:
            _render_cell(model, cell, None, emit, check)
    else:
        for same_size in _by_size(numbered):
            _render_packed(model, same_size, pack, exact, emit, check)


def _fail_all(numbered: list[Numbered], error: Exception, emit: Emit) -> None:
    """Say of each cell of a model that it failed, because the model could not be loaded."""
    message = (
        str(error)
        if isinstance(error, DwlabError)
        else f"{type(error).__name__}: {first_line(error)}"
    )
    exhausted = memory.is_out_of_memory(error.__cause__ or error)
    for index, params in numbered:
        emit(
            Failed(
                index,
                params,
                error=message[:500],
                status="oom" if exhausted else "failed",
            )
        )


def _by_size(numbered: list[Numbered]) -> list[list[Numbered]]:
    """Cells of one picture size each, those that take longest first, so that the last ones end together."""
    found: dict[tuple[int | None, int | None], list[Numbered]] = {}
    for index, params in numbered:
        found.setdefault((params.width, params.height), []).append((index, params))
    return [sorted(cells, key=lambda cell: -_calls(cell[1])) for cells in found.values()]


def _calls(params: GenerationParams) -> int:
    return params.steps * schedulers.calls_per_step(params.scheduler)


def _render_packed(
    model: loading.Model,
    numbered: list[Numbered],
    pack: int | None,
    exact: int | None,
    emit: Emit,
    check: Check,
) -> None:
    """Cells of one size together; those that memory did not suffice for once more, each alone."""
    from .packing.pack import Pack
    from .packing.size import Size
    from .packing.stand_ins import prepare

    packed = dataclasses.replace(model, pipeline=prepare(model.pipeline))
    short: list[Numbered] = []

    def run(cells: list[Numbered], size: Size, wanting: list[Numbered] | None) -> None:
        jobs = (
            functools.partial(_render_cell, packed, cell, exact, emit, check, wanting)
            for cell in cells
        )
        Pack(model.identity.device, size, exact=exact).run(jobs)

    first, compiled = numbered[0][1], model.identity.settings.compile != "none"
    pixels = (first.width or 512) * (first.height or 512)
    size_of = functools.partial(
        Size.of, pixels, model.identity.device, exact=exact, compiled=compiled
    )
    run(numbered, size_of(pack=pack), short)
    for cell in short:
        run([cell], size_of(pack=1), None)


def _render_cell(
    model: loading.Model,
    cell: Numbered,
    exact: int | None,
    emit: Emit,
    check: Check,
    short: list[Numbered] | None = None,
) -> None:
    """One stock call; whatever it raises is this cell's result, or puts it on the list of those that want more memory."""
    index, params = cell
    try:
        check(index)
        picture = _call(model, cell, exact, emit, check)
    except Cancelled:
        raise
    except Dropped:
        return
    except Exception as error:  # noqa: BLE001  # whatever a pipeline raises is the cell's result
        exhausted = memory.is_out_of_memory(error)
        message = f"{type(error).__name__}: {error}".splitlines()[0][:500]
        error.__traceback__ = None  # it holds the tensors that filled the memory
        if exhausted:
            memory.release_memory(model.identity.device)
        if exhausted and short is not None:
            short.append(cell)
        else:
            emit(Failed(index, params, error=message, status="oom" if exhausted else "failed"))
        return
    emit(Done(index, params, picture))


def _call(
    model: loading.Model, cell: Numbered, exact: int | None, emit: Emit, check: Check
) -> Picture:
    import torch

    from .packing.cell import timed

    identity, (index, params) = model.identity, cell
    pipeline = copy.copy(model.pipeline)  # pipelines keep a call's settings on themselves
    pipeline.scheduler = loading.scheduler_for(model, params)
    watch = Watch(pipeline)
    ended: list[float] = []

    def tell(step: int, steps: int, latents: Any) -> None:
        check(index)
        if step + 1 == steps:
            devices.synchronize(identity.device)
            ended.append(time.perf_counter())
            watch.look(latents[0])
        rough = functools.partial(preview.project, latents[0], model)
        emit(Step(index, params, step + 1, steps, rough))

    emit(Started(index, params))
    memory.begin_size(identity.device, (params.width, params.height))
    began = time.perf_counter()
    arguments = stock_arguments(pipeline, [params]) | told_of_steps(pipeline, params.steps, tell)
    with (
        torch.inference_mode(),
        timed(pipeline) as clock,
        dtype_kept(pipeline),
        attention_kept(pipeline),
    ):
        output = pipeline(**arguments).images
    seconds = (ended or [time.perf_counter()])[-1] - (clock.begun or began)
    share = min(clock.seconds, seconds) or seconds
    watch.look(torch.from_numpy(output[0]))
    return Picture(
        params, to_image(pipeline, output[0]), identity.weights, identity.device, identity.dtype, seconds, share, watch.share,
        exact=exact, settings=identity.settings.changed(), omission=omission_of(identity),
    )  # fmt: skip
