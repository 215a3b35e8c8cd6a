"""From parameters to pictures: the one seam behind which images are computed.

Here the strategy is stock diffusers pipelines, called for groups of cells that differ only in
prompt, negative prompt and seed, with one CPU generator a picture: a cell's picture does not
depend on its company beyond rounding (within 1/255 in float32).
"""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import logging
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from . import device as devices
from . import models, preview
from .errors import InvalidInput, ModelError, RenderError
from .events import Event
from .params import GenerationParams, named
from .picture import Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np

log = logging.getLogger(__name__)
PACK_LIMIT = 16  # more rows a forward gain nothing on a CPU
PACK_PIXELS = {"cpu": 512 * 512, "gpu": 4096 * 1024}

Numbered = tuple[int, GenerationParams]


class Cancelled(Exception):
    """Raised inside a pipeline's step to leave it."""


def generate(
    prompt: str,
    *,
    model: str | models.Model = "shapes",
    device: str = "auto",
    profile: str | None = None,
    **params: Any,
) -> Picture:
    """Make one picture.

    model: a name, or what `dwlab.load` gave, which stays on its device, in its dtype and settings. profile: as of
    `stream`. params: the fields of GenerationParams, diffusers' spellings accepted; what is left out is the model's default.
    Raises InvalidInput or ModelError before anything loads, RenderError when the picture fails.
    """
    name = model.identity.name if isinstance(model, models.Model) else model
    cell = GenerationParams(**named({"prompt": prompt, "model": name, **params}))
    for event in stream([cell], model=model, device=device, profile=profile):
        if event.kind == "failed":
            raise RenderError(f"the picture failed: {event.error}")
        if event.kind == "done" and isinstance(event.result, Picture):
            return event.result
    raise RenderError("the renderer ended without a picture")


def stream(
    params_list: Iterable[GenerationParams],
    *,
    model: str | models.Model | None = None,
    device: str = "auto",
    pack: int | None = None,
    profile: str | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[Event]:
    """Compute pictures and yield events as they happen: started, step, done (with a Picture) or failed.

    model: a name or a loaded model to use in place of the cells' own. It replaces their model and
    nothing else: steps, guidance, size and scheduler stay, also where they are defaults of the
    cells' own model. A loaded model stays on its device and in its dtype. pack: how many pictures
    share a call (None: chosen by size). profile: None for stock settings, or "fast" for those that
    `dwlab bench tune` found on this machine. `cancel`, or closing the iterator, stops within one step.
    One cell that fails does not stop the others. Raises InvalidInput and ModelError before any
    weights load.
    """
    cells = list(params_list)
    loaded = model if isinstance(model, models.Model) else None
    name = loaded.identity.name if loaded else model
    if name is not None:
        cells = [c.replace(model=name) for c in cells]
    batches = _by_model(cells, loaded, device, profile)
    stop = cancel or threading.Event()
    events: queue.Queue[Event | BaseException | None] = queue.Queue(maxsize=256)

    def emit(event: Event | BaseException | None) -> None:
        while not closed.is_set():
            with contextlib.suppress(queue.Full):
                events.put(event, timeout=0.1)
                return

    def work() -> None:
        try:
            for identity, numbered in batches:
                _render_model(loaded or identity, numbered, pack, emit, lambda: stop.is_set() or closed.is_set())
        except Cancelled:
            pass
        except BaseException as error:  # noqa: BLE001  # handed to the consumer, who raises it
            emit(error)
        emit(None)

    closed = threading.Event()
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


def _by_model(
    cells: list[GenerationParams], loaded: models.Model | None, device: str, profile: str | None
) -> list[tuple[models.Identity, list[Numbered]]]:
    """Cells numbered and sorted by model and dtype, checked against signatures; models stay unloaded."""
    asked: dict[tuple[str, str], list[Numbered]] = {}
    for index, params in enumerate(cells):
        asked.setdefault((params.model, params.dtype), []).append((index, params))
    batches = []
    for (name, dtype), given in asked.items():
        identity = loaded.identity if loaded else models.identify(name, device, dtype, profile=profile)
        if dtype not in ("auto", identity.dtype):
            raise InvalidInput("dtype", dtype, f"auto or {identity.dtype}, which the given model is loaded in")
        numbered = [(index, models.complete(params, identity)) for index, params in given]
        models.check((params for _, params in numbered), identity)
        batches.append((identity, numbered))
    return batches


def _render_model(
    source: models.Identity | models.Model,
    numbered: list[Numbered],
    pack: int | None,
    emit: Callable[[Event], None],
    stopped: Callable[[], bool],
) -> None:
    if stopped():
        raise Cancelled
    try:
        model = source if isinstance(source, models.Model) else models.load_identified(source)
    except ModelError as error:
        for index, params in numbered:
            emit(Event("failed", index, params, error=str(error), status="failed"))
        return
    for group in _groups(numbered, pack or model.identity.pack, model.identity.device):
        _render_group(model, group, emit, stopped)


def _groups(numbered: list[Numbered], pack: int | None, device: str) -> Iterator[list[Numbered]]:
    """Cells that one stock call can make together, at most `pack` at a time, in order of first appearance."""
    alike: dict[GenerationParams, list[Numbered]] = {}
    for index, params in numbered:
        same = params.replace(prompt="", negative_prompt="", seed=0)
        alike.setdefault(same, []).append((index, params))
    for group in alike.values():
        first = group[0][1]
        room = PACK_PIXELS["cpu" if device == "cpu" else "gpu"] // ((first.width or 512) * (first.height or 512))
        size = pack or max(1, min(PACK_LIMIT, room))
        for start in range(0, len(group), size):
            yield group[start : start + size]


def _render_group(
    model: models.Model, group: list[Numbered], emit: Callable[[Event], None], stopped: Callable[[], bool]
) -> None:
    """One stock call; when it fails, its halves, so that only the cell at fault is lost."""
    if stopped():
        raise Cancelled
    try:
        pictures = _call(model, group, emit, stopped)
    except Cancelled:
        raise
    except Exception as error:  # noqa: BLE001  # whatever a pipeline raises is the cell's result
        exhausted = devices.is_out_of_memory(error)
        message = f"{type(error).__name__}: {error}".splitlines()[0][:500]
        error.__traceback__ = None  # it holds the tensors that filled the memory
        if exhausted:
            devices.release_memory(model.identity.device)
        if len(group) == 1:
            index, params = group[0]
            emit(Event("failed", index, params, error=message, status="oom" if exhausted else "failed"))
            return
        log.info("%d pictures together failed (%s); trying halves", len(group), message)
        half = len(group) // 2
        _render_group(model, group[:half], emit, stopped)
        _render_group(model, group[half:], emit, stopped)
        return
    for (index, params), picture in zip(group, pictures, strict=True):
        emit(Event("done", index, params, result=picture))


def _call(
    model: models.Model, group: list[Numbered], emit: Callable[[Event], None], stopped: Callable[[], bool]
) -> list[Picture]:
    import torch

    identity, shared = model.identity, group[0][1]
    pipeline = copy.copy(model.pipeline)  # pipelines keep a call's settings on themselves
    pipeline.scheduler = models.scheduler_for(model, shared)
    denoiser = getattr(pipeline, "unet", None) or pipeline.transformer
    begun: list[float] = []
    ended: list[float] = []

    def on_first_step(*_: object) -> None:
        if not begun:
            devices.synchronize(identity.device)
            begun.append(time.perf_counter())

    def on_step_end(pipe: Any, step: int, _timestep: object, kwargs: dict[str, Any]) -> dict[str, Any]:
        if stopped():
            raise Cancelled
        if step + 1 == pipe.num_timesteps:
            devices.synchronize(identity.device)
            ended.append(time.perf_counter())
        for (index, params), latents in zip(group, kwargs["latents"], strict=True):
            rough = functools.partial(preview.project, latents, model)
            emit(Event("step", index, params, step=step + 1, steps=pipe.num_timesteps, preview=rough))
        return kwargs

    for index, params in group:
        emit(Event("started", index, params))
    hook = denoiser.register_forward_pre_hook(on_first_step)
    try:
        with torch.inference_mode():
            output = pipeline(**stock_arguments(pipeline, group), callback_on_step_end=on_step_end).images
    finally:
        hook.remove()
    seconds = (ended or [time.perf_counter()])[-1] - begun[0]
    return [
        Picture(
            params,
            image,
            identity.weights,
            identity.device,
            identity.dtype,
            seconds,
            seconds / len(group),
            nan,
            identity.settings.changed(),
        )
        for (_, params), (image, nan) in zip(group, _to_images(pipeline, output), strict=True)
    ]


def stock_arguments(pipeline: Any, group: list[Numbered]) -> dict[str, Any]:
    """The stock call's arguments; those that this family does not know are left out."""
    import torch

    shared = group[0][1]
    arguments = {
        "prompt": [params.prompt for _, params in group],
        "negative_prompt": [params.negative_prompt for _, params in group],
        "num_inference_steps": shared.steps,
        "guidance_scale": shared.guidance,
        "height": shared.height,
        "width": shared.width,
        "generator": [torch.Generator("cpu").manual_seed(params.seed) for _, params in group],
        "output_type": "np",
        **shared.call,
    }
    known = inspect.signature(type(pipeline).__call__).parameters
    return {name: value for name, value in arguments.items() if name in known}


def _to_images(pipeline: Any, output: np.ndarray) -> list[tuple[Any, float]]:
    """RGB pictures as the stock pipeline makes them, each with its share of values that were not finite."""
    import numpy as np

    shares = [float(1 - np.isfinite(one).mean()) for one in output]
    return list(zip(pipeline.image_processor.numpy_to_pil(np.nan_to_num(output)), shares, strict=True))
