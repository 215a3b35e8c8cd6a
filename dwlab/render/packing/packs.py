"""Packed denoising: many cells' stock pipelines run side by side, and the model calls that wait are made as one.

Each cell's unmodified pipeline runs in a greenlet, a thread of control that gives way only where it calls the
denoiser or the decoder. So all cells that are under way wait at known places, nothing runs at the same moment as
anything else (no lock, no race, no deadlock; tokenizers and shared models are safe), all models run in one thread, and
a cell is cancelled by raising an exception in it where it stands.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from greenlet import getcurrent, greenlet

from ...models import device as devices
from ...models.settings import denoiser_of
from ...spec import families
from .calls import Call, Memo, merged, stand_in
from .size import Size

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

__all__ = [
    "BUCKETS",
    "Call",
    "Cell",
    "Clock",
    "Pack",
    "Size",
    "merged",
    "prepare",
    "refusal",
    "stand_in",
    "timed",
    "waiting",
]
log = logging.getLogger(__name__)
DRAWS_NOTHING = frozenset(
    {"AutoencoderKL", "AutoencoderTiny"}
)  # decoders that take a generator and leave it
# Rows that compiled models see, beside those of a full pack. Each number takes up to a minute to compile; few of them
# cost the grids of `dwlab bench engine` under a tenth more rows.
BUCKETS = (1, *(2 * 4**k for k in range(6)))


@dataclass
class Clock:
    """A cell's times. begun: when it first called the denoiser; seconds: its share of the time, where it was shared."""

    begun: float | None = None
    seconds: float = 0.0

    def begin(self, *_: object) -> None:
        """Note the first of several calls."""
        self.begun = self.begun or time.perf_counter()


class Cell(greenlet):
    """A cell under way."""

    def __init__(self, job: Callable[[], None]) -> None:
        super().__init__(job)
        self.clock = Clock()


@contextlib.contextmanager
def timed(pipeline: Any) -> Iterator[Clock]:
    """The clock of the cell that is under way; of one that runs by itself, for as long as it does."""
    cell = getcurrent()
    if isinstance(cell, Cell):
        yield cell.clock
        return
    clock = Clock()
    hook = denoiser_of(pipeline).register_forward_pre_hook(clock.begin)
    try:
        yield clock
    finally:
        hook.remove()


def refusal(pipeline: Any, device: str) -> str | None:
    """Why the cells of a pipeline cannot be packed; None where they can."""
    if reason := families.never_packed(type(pipeline).__name__):
        return reason
    denoiser = denoiser_of(pipeline)
    if reason := _unknown(denoiser, families.PACKED[type(pipeline).__name__]):
        return reason
    if not device.startswith(("cpu", "cuda")):
        return f"it was never tried on {device}"
    parts = _parts(pipeline).values()
    if any(hasattr(part, "_hf_hook") or getattr(part, "hf_device_map", None) for part in parts):
        return "parts of the model are moved or offloaded while it runs"
    encoders = [part for name, part in _parts(pipeline).items() if name.startswith("text_encoder")]
    if any(getattr(encoder, "peft_config", None) for encoder in encoders):
        return "a text encoder has adapters, whose strength each call may set"
    registries = (
        getattr(module, "_diffusers_hook", None) for part in parts for module in part.modules()
    )
    if any(registry.hooks for registry in registries if registry):
        return "diffusers' hooks move parts of the model, or keep a cache, while it runs"
    if getattr(denoiser, "is_cache_enabled", False):
        return "the denoiser keeps a cache between steps"
    return None


def _unknown(denoiser: torch.nn.Module, known: families.Packed) -> str | None:
    """Why a denoiser's forward may not be the one that was tried; None if it is."""
    modules = [
        denoiser,
        *(module.processor for module in denoiser.modules() if hasattr(module, "processor")),
    ]
    for module in modules:
        cls = type(module)
        expected = cls.__name__ in {
            known.denoiser,
            *known.processors,
        } and cls.__module__.startswith("diffusers.")
        if not expected:
            return f"{cls.__name__} was never tried with several pictures in a forward"
    return None


def _parts(pipeline: Any) -> dict[str, torch.nn.Module]:
    return {
        name: part
        for name, part in pipeline.components.items()
        if isinstance(part, torch.nn.Module)
    }


def prepare(pipeline: Any) -> Any:
    """A copy of a pipeline whose denoiser, decoder and text encoders are stand-ins, to be called within `run`."""
    packed, denoiser, cls = copy.copy(pipeline), denoiser_of(pipeline), type(pipeline)
    # in each call stock looks through all modules for one with a device of its own; `refusal` has seen that there is none
    device = pipeline._execution_device  # noqa: SLF001  # what stock asks for
    packed.__class__ = type(cls.__name__, (cls,), {"_execution_device": device})
    for name, part in _parts(pipeline).items():
        if part is denoiser:
            vars(packed)[name] = stand_in(part, "__call__", waiting(part, "__call__"))
        elif name == "vae" and not _moves(part):
            # a decoder that the pipeline moves to float32 and back is left to do so, undisturbed, for each cell
            unused = {"generator"} if type(part).__name__ in DRAWS_NOTHING else set()
            vars(packed)[name] = stand_in(part, "decode", waiting(part, "decode", unused))
        elif name.startswith("text_encoder"):
            vars(packed)[name] = stand_in(part, "__call__", Memo(part).ask)
    return packed


def _moves(vae: Any) -> bool:
    return vae.dtype == torch.float16 and bool(vae.config.get("force_upcast"))


def waiting(
    module: torch.nn.Module, method: str, unused: Collection[str] = ()
) -> Callable[..., Any]:
    """In place of a method: give way to `run` until it brings what the method gives; unused: arguments without effect."""

    def wait(*args: Any, **kwargs: Any) -> Any:
        cell = getcurrent()
        kwargs = {name: value for name, value in kwargs.items() if name not in unused}
        # cells that differ in guidance alone begin with the same call; later ones have nothing in common
        call = Call.of(module, method, args, kwargs, compare=cell.clock.begun is None)
        cell.clock.begin()
        return cell.parent.switch(call)

    return wait


class Pack:
    """Runs cells together.

    size: rows of a forward of the denoiser, pictures of one of the decoder. exact: each forward of the denoiser has
    this many rows, filled up where fewer wait.
    """

    def __init__(self, device: str, size: Size, *, exact: int | None = None) -> None:
        self._device, self._size, self._exact = device, size, exact
        self._waiting: dict[
            Any, list[tuple[Cell, Call]]
        ] = {}  # by what calls must have in common to be merged
        self._under_way: set[Cell] = set()
        self._last = 0.0

    def run(self, jobs: Iterable[Callable[[], None]]) -> None:
        """Run each job, a cell's pipeline, to its end; what a job raises stops all of them.

        Only so many are under way at any time as fill a forward.
        """
        queue = iter(jobs)
        self._last = time.perf_counter()
        try:
            with torch.inference_mode():
                while True:
                    while self._room() and (job := next(queue, None)):
                        cell = Cell(job)
                        self._under_way.add(cell)
                        self._park(cell, cell.switch())
                    if not self._waiting:
                        return
                    self._forward()
        finally:
            for cell in self._under_way:
                cell.throw()  # ends it where it stands; nothing where it has ended

    def _room(self) -> bool:
        """Whether more cells should begin: no forward of the denoiser is full, nor would be if all were alike."""
        full = any(
            _rows(alike) >= self._size.rows
            for alike in self._waiting.values()
            if not alike[0][1].decodes
        )
        return not full and len(self._under_way) < self._size.rows

    def _park(self, cell: Cell, call: Call) -> None:
        if cell.dead:
            self._under_way.discard(cell)
        else:
            self._waiting.setdefault(self._common(call), []).append((cell, call))

    def _common(self, call: Call) -> Any:
        return (call.key, call.lengths) if self._exact else call.key

    def _forward(self) -> None:
        batch = self._take()
        distinct = {call.same: call for _, call in batch}
        given = dict(zip(distinct, self._results(list(distinct.values())), strict=True))
        now = time.perf_counter()
        share, self._last = (now - self._last) / _rows(batch), now
        for cell, call in batch:
            result = given[call.same]
            if not call.decodes:
                cell.clock.seconds += share * call.rows
            self._park(
                cell, cell.throw(result) if isinstance(result, Exception) else cell.switch(result)
            )

    def _take(self) -> list[tuple[Cell, Call]]:
        """The next calls to be made as one: pictures to decode before all else, then those with the most rows."""
        alike = max(self._waiting.values(), key=lambda group: (group[0][1].decodes, _rows(group)))
        limit = self._size.decode if alike[0][1].decodes else self._size.rows
        taken: list[tuple[Cell, Call]] = []
        left: list[tuple[Cell, Call]] = []
        for cell, call in alike:
            fits = not taken or _rows(taken) + call.rows <= limit
            (taken if fits else left).append((cell, call))
        common = self._common(taken[0][1])
        self._waiting[common] = left
        if not left:
            del self._waiting[common]
        return taken

    def _results(self, calls: Sequence[Call]) -> list[Any]:
        """What each call gives, or the exception it raises; when a forward fails, its halves are tried."""
        try:
            return self._compute(calls)
        except Exception as raised:  # noqa: BLE001  # whatever a model raises is handed to the cell
            error = raised
        error.__traceback__ = None  # it holds the tensors that filled the memory
        exhausted = devices.is_out_of_memory(error)
        if exhausted:
            devices.release_memory(self._device)
        if len(calls) == 1 or (exhausted and self._exact):
            return [error] * len(calls)
        if exhausted:
            self._size.halve(sum(call.rows for call in calls), decodes=calls[0].decodes)
        log.info("%d calls together failed (%s); trying halves", len(calls), error)
        half = len(calls) // 2
        return self._results(calls[:half]) + self._results(calls[half:])

    def _compute(self, calls: Sequence[Call]) -> list[Any]:
        rows = sum(call.rows for call in calls)
        padded = rows
        if self._exact and not calls[0].decodes:
            padded = self._exact
        elif calls[0].compiled:
            padded = next(bucket for bucket in (*BUCKETS, rows) if bucket >= rows)
            padded = min(padded, max(self._size.rows, rows))
        elif len(calls) == 1:
            return [calls[0].alone()]
        if calls[0].decodes or self._size.settled:
            return merged(calls, padded)
        devices.synchronize(self._device)
        began = time.perf_counter()
        results = merged(calls, padded)
        devices.synchronize(self._device)
        self._size.measured(rows, time.perf_counter() - began)
        return results


def _rows(calls: Iterable[tuple[Cell, Call]]) -> int:
    return sum(call.rows for _, call in calls)
