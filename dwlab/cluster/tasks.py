"""What runs on a worker: plain functions that take and give JSON and bytes.

Models stay in the memory of the worker's process, where an ordinary local rendering finds them.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import platform
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DwlabError
from ..events import Done, Failed, Step
from ..models import device
from ..models.versions import versions
from ..pictures.picture import Picture
from ..pictures.png import pixel_hash
from ..spec.table_columns import WORKER
from . import wire
from .rebuilding import Rebuilding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..events import Event
    from ..render.renderer import Renderer
    from ..render.resolved_cell import ResolvedCell
    from .wire import Answer

# of a worker's environment: the device that it computes on, as `device.resolve` takes it
DEVICE_VARIABLE = "DWLAB_WORKER_DEVICE"
NEWS_SECONDS = 0.5  # between two messages of a worker
RUNS_KEPT = 16
CANARY_STEPS = 2


@dataclass
class _Run:
    """What the process that runs a sweep wants of this worker no longer.

    dropped: numbers of chunks, with positions.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    dropped: set[tuple[int, int]] = field(default_factory=set)


_runs: dict[str, _Run] = {}
_runs_lock = threading.Lock()


def facts() -> str:
    """What this worker computes on, as JSON: its device, hardware and threads, and what `auto` is there."""
    name = _device_here()
    dtype = device.resolve_dtype("auto", name)
    return json.dumps({"device": name, "dtype": dtype, **device.machine(name)})


def render_chunk(document: str, blobs: Mapping[str, bytes]) -> Answer:
    """Make the pictures of a chunk (see `wire.parcel_of`), telling meanwhile what was begun.

    A cell that cannot be made here as it was planned is a failed one; nothing is raised for it.
    """
    # here, because a run that finds everything made needs nothing of it
    from ..render.renderer import render

    return make(document, blobs, render)


def make(document: str, blobs: Mapping[str, bytes], render: Renderer) -> Answer:
    """Make the pictures of a chunk by a renderer of this process; see `render_chunk`."""
    values = json.loads(document)
    try:
        work = rebuilt(values, blobs)
        cells = work.cells()
    except DwlabError as error:
        return wire.failure_of(values, error)
    run = _run_of(values["topic"])
    news = _News(values["topic"])
    events: list[Event] = []
    number = values["number"]
    rendering = render(
        cells,
        compute=work.compute,
        cancel=run.stop,
        dropped=lambda position: (number, position) in run.dropped,
    )
    with contextlib.closing(rendering):
        for event in rendering:
            news.take(event)
            events.append(_with_worker(event))
    return wire.answer_of(events)


def rebuilt(document: Mapping[str, Any], blobs: Mapping[str, bytes]) -> Rebuilding:
    """A chunk's document with the files of this machine; raises Refused if that cannot be."""
    work = Rebuilding(document, blobs, _device_here(), _inputs_folder())
    work.check()
    return work


def check(document: str, blobs: Mapping[str, bytes]) -> str:
    """Whether this worker would make the pictures that were planned, as JSON.

    document: a chunk with one cell of each kind. `difference`: what is not as it was planned, or
    empty. `canaries`: in exact mode, the hash of a small picture per model, which all workers must
    have in common. `machine`: what its rounding depends on. `node`: the name of the computer.
    """
    values = json.loads(document)
    try:
        work = rebuilt(values, blobs)
        cells = work.cells()
    except DwlabError as error:
        return json.dumps({"difference": str(error)})
    canaries: dict[int, str] = {}
    if work.compute.exact is not None:
        from ..render.renderer import render

        small = _canaries(cells)
        for event in render(small, compute=work.compute):
            if isinstance(event, Done | Failed):
                canaries[event.index] = _shown(event)
    machine = device.machine(_device_here())
    said = {"difference": "", "canaries": canaries, "machine": machine, "node": platform.node()}
    return json.dumps(said)


def stop(topic: str) -> None:
    """Let this worker's chunks of a run end within a step; what is finished is answered."""
    _run_of(topic).stop.set()


def drop(topic: str, number: int, positions: Sequence[int]) -> None:
    """Let this worker leave the pictures at some positions of a run's chunk."""
    _run_of(topic).dropped.update((number, position) for position in positions)


def _canaries(cells: Iterable[ResolvedCell]) -> list[ResolvedCell]:
    """A cell of each model with few steps."""
    firsts: dict[object, ResolvedCell] = {}
    for cell in cells:
        firsts.setdefault(cell.identity, cell)
    return [_shortened(cell) for cell in firsts.values()]


def _shortened(cell: ResolvedCell) -> ResolvedCell:
    # with a picture to start from, two steps may be none
    if cell.params.image is not None or cell.params.steps <= CANARY_STEPS:
        return cell
    return replace(cell, params=cell.params.replace(steps=CANARY_STEPS))


def _shown(event: Done | Failed) -> str:
    """What a canary came to."""
    if isinstance(event, Failed):
        return event.error
    return pixel_hash(event.result.image) if isinstance(event.result, Picture) else ""


def _run_of(topic: str) -> _Run:
    with _runs_lock:
        run = _runs.setdefault(topic, _Run())
        while len(_runs) > RUNS_KEPT:
            del _runs[next(iter(_runs))]
    return run


def _device_here() -> str:
    """The device of this worker, from its environment; otherwise the best one of its machine."""
    return device.resolve(os.environ.get(DEVICE_VARIABLE) or "auto")


@functools.cache
def _inputs_folder() -> Path:
    """Where this process keeps the pictures that cells start from, as long as it lives."""
    return Path(_temporary_folder().name)


@functools.cache
def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="dwlab-inputs-", ignore_cleanup_errors=True)


def _with_worker(event: Event) -> Event:
    """An event whose picture knows the worker, and the versions that made it."""
    if not isinstance(event, Done) or not isinstance(event.result, Picture):
        return event
    machine: dict[str, object] = {**event.result.machine, **versions(), WORKER: _worker_name()}
    return replace(event, result=replace(event.result, machine=machine))


def _worker_name() -> str:
    from distributed import get_worker

    try:
        return str(get_worker().name)
    # not on a worker
    except ValueError:
        return ""


class _News:
    """Tells the process that runs the sweep what goes on, a few times a second.

    A message is `{"news": [...]}`, each as `wire.news_of` makes it; Dask adds `worker`, its address.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._waiting: dict[tuple[int, str], dict[str, object]] = {}
        self._told = 0.0

    def take(self, event: Event) -> None:
        """Take in an event; of the steps of a cell, the last one is told of."""
        if isinstance(event, Done | Failed):
            self._waiting.pop((event.index, Step.kind), None)
            news: dict[str, object] = {"kind": "ended", "index": event.index}
        else:
            news = wire.news_of(event)
        self._waiting[int(str(news["index"])), str(news["kind"])] = news
        if time.monotonic() - self._told >= NEWS_SECONDS:
            self._tell()

    def _tell(self) -> None:
        from distributed import get_worker

        message = {"news": list(self._waiting.values())}
        self._waiting.clear()
        self._told = time.monotonic()
        with contextlib.suppress(ValueError):
            get_worker().log_event(self._topic, message)
