"""Runs many cells' stock pipelines side by side, and makes their waiting model calls as one.

Each cell's unmodified pipeline runs in a greenlet, a thread of control that gives way only where
it calls the denoiser or the decoder. All cells under way wait at known points and nothing runs at
the same moment as anything else: there are no locks, races or deadlocks, tokenizers and shared
models are safe, and a cell is cancelled by raising an exception where it waits.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from ...models import loaded_models, memory
from ...models.device_clock import DeviceClock
from .calls import Call, merged
from .cell import RunningCell
from .without_waiting import WayOut, WithoutWaiting, forward_context

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from ...models.device_clock import Mark
    from .calls import Method
    from .size import Size
    from .without_waiting import Copy

    Job = Callable[[], None]

log = logging.getLogger(__name__)
# The numbers of rows that compiled models see besides a full pack. Each takes up to a minute to
# compile; so few cost the grids of `dwlab bench engine` less than a tenth more rows.
BUCKETS = (1, 2, 8, 32, 128, 512, 2048)


@dataclass(frozen=True)
class _Waiting:
    """A cell, and the call that it waits for."""

    cell: RunningCell
    call: Call


@dataclass(frozen=True)
class _Leaving:
    """A cell whose picture is taken off the device, and the copy that it waits for."""

    cell: RunningCell
    copy: Copy


@dataclass(frozen=True)
class _Forward:
    """A forward whose time is not known before the device has come to its end."""

    rows: int
    begin: Mark
    end: Mark


class Pack:
    """Runs cells together.

    The host does not wait for a GPU while there is anything to compute: it hands over the next
    forward before it looks at pictures that have left.

    size: rows per forward of the denoiser, and pictures per forward of the decoder. exact: the
    number of rows that each forward of the denoiser has; missing ones are filled up.
    """

    def __init__(self, device: str, size: Size, *, exact: int | None = None) -> None:
        self._device = device
        self._size = size
        self._exact = exact
        # by what calls must have in common to be merged
        self._waiting: dict[Hashable, list[_Waiting]] = {}
        self._under_way: set[RunningCell] = set()
        self._leaving: deque[_Leaving] = deque()
        self._clock = DeviceClock(device)
        self._forwards: deque[_Forward] = deque()
        self._way_out = WayOut()
        self._last_forward = 0.0
        self._measured_method: Method | None = None

    def run(
        self, next_job: Callable[[], Job | None], give_way: Callable[[], bool] | None = None
    ) -> None:
        """Run jobs, each a cell's pipeline, to their end; an exception from one stops all of them.

        next_job: the next one, or None if there is none now; asked before each forward that has room
        for one, so that jobs may be added meanwhile. Only as many are under way at any time as fill
        a forward.
        give_way: called before each forward; whether it let something else compute.
        """
        self._last_forward = time.perf_counter()
        try:
            with torch.inference_mode():
                self._begin_cells(next_job)
                while self._waiting or self._leaving:
                    if give_way and give_way():
                        self._last_forward = time.perf_counter()
                    if self._waiting:
                        self._compute_next()
                    self._begin_cells(next_job)
                    self._let_leave()
                    self._begin_cells(next_job)
        finally:
            for cell in self._under_way:
                # ends the cell where it waits; does nothing if it has ended
                cell.throw()

    def _begin_cells(self, next_job: Callable[[], Job | None]) -> None:
        """Begin cells while there is room for them."""
        while self._has_room():
            job = next_job()
            if job is None:
                return
            cell = RunningCell(job, self._clock)
            self._under_way.add(cell)
            self._go_on(cell)

    def _has_room(self) -> bool:
        """Whether more cells should begin: the forwards that wait are not full yet."""
        if len(self._under_way) - len(self._leaving) >= self._size.rows:
            return False
        groups = self._waiting.values()
        to_denoise = [group for group in groups if not group[0].call.of_pictures]
        return all(_rows(group) < self._size.rows for group in to_denoise)

    def _go_on(self, cell: RunningCell, *results: Any) -> None:
        """Let a cell run until it waits again, and note for what, or that it has ended.

        results: what it waited for, or the exception that it raises; none to begin.
        """
        failed = any(isinstance(result, Exception) for result in results)
        with self._cells_context():
            wish = cell.throw(*results) if failed else cell.switch(*results)
        if cell.dead:
            self._under_way.discard(cell)
        elif isinstance(wish, Call):
            self._waiting.setdefault(self._common(wish), []).append(_Waiting(cell, wish))
        else:
            self._leaving.append(_Leaving(cell, self._way_out.begin(wish)))

    def _cells_context(self) -> AbstractContextManager[Any]:
        """What the Python of pipelines runs in."""
        return contextlib.nullcontext() if self._device == "cpu" else WithoutWaiting()

    def _let_leave(self) -> None:
        """Let cells go on whose pictures are off the device; wait for one if there is nothing else."""
        while self._leaving and (self._leaving[0].copy.is_done or not self._waiting):
            leaving = self._leaving.popleft()
            leaving.copy.wait()
            self._go_on(leaving.cell, leaving.copy.hosts)

    def _common(self, call: Call) -> Hashable:
        """What calls must have in common to be merged."""
        return (call.key, call.lengths) if self._exact else call.key

    def _compute_next(self) -> None:
        """Make one forward, and let its cells go on."""
        batch = self._take()
        distinct = {waiting.call.same: waiting.call for waiting in batch}
        results = dict(zip(distinct, self._results(list(distinct.values())), strict=True))
        seconds_per_row = self._seconds_since_last_forward() / _rows(batch)
        for waiting in batch:
            cell = waiting.cell
            result = results[waiting.call.same]
            if not waiting.call.of_pictures:
                cell.clock.seconds += seconds_per_row * waiting.call.rows
            self._go_on(cell, result)

    def _seconds_since_last_forward(self) -> float:
        now = time.perf_counter()
        seconds = now - self._last_forward
        self._last_forward = now
        return seconds

    def _take(self) -> list[_Waiting]:
        """The next calls to make as one: pictures to decode or encode first, then those with the most rows."""
        groups = self._waiting.values()
        group = max(groups, key=lambda group: (group[0].call.of_pictures, _rows(group)))
        first = group[0].call
        limit = self._size.decode if first.of_pictures else self._size.rows
        taken: list[_Waiting] = []
        left: list[_Waiting] = []
        asked: set[Hashable] = set()
        rows = 0
        for waiting in group:
            # an equal call of another cell takes no row of its own
            is_asked = waiting.call.same in asked
            if taken and not is_asked and rows + waiting.call.rows > limit:
                left.append(waiting)
                continue
            taken.append(waiting)
            if not is_asked:
                rows += waiting.call.rows
                asked.add(waiting.call.same)
        if left:
            self._waiting[self._common(first)] = left
        else:
            del self._waiting[self._common(first)]
        return taken

    def _results(self, calls: Sequence[Call]) -> list[Any]:
        """The result of each call, or the exception that it raises.

        If a forward fails, its halves are tried; if memory ran out, with smaller forwards from
        then on.
        """
        try:
            with forward_context(calls[0]):
                return self._compute(calls)
        # whatever a model raises is handed to the cell
        except Exception as raised:  # noqa: BLE001
            error = raised
        # it holds the tensors that filled the memory
        error.__traceback__ = None
        exhausted = memory.is_out_of_memory(error)
        if exhausted:
            loaded_models.out_of_memory(self._device)
        if len(calls) == 1 or (exhausted and self._exact):
            return [error] * len(calls)
        if exhausted:
            rows = sum(call.rows for call in calls)
            self._size.halve(rows, decodes=calls[0].of_pictures)
        log.info("%d calls together failed (%s); trying halves", len(calls), error)
        half = len(calls) // 2
        return self._results(calls[:half]) + self._results(calls[half:])

    def _compute(self, calls: Sequence[Call]) -> list[Any]:
        first = calls[0]
        rows = sum(call.rows for call in calls)
        is_exact = self._exact is not None and not first.of_pictures
        if len(calls) == 1 and not is_exact and not first.compiled:
            return [first.alone()]
        padded = self._padded(rows, first)
        if first.of_pictures or self._size.settled or not self._is_comparable(first):
            return merged(calls, padded)
        return self._measured(calls, rows, padded)

    def _is_comparable(self, call: Call) -> bool:
        """Whether a call's time can be compared with those before: each function has a price per row."""
        if self._measured_method is None:
            self._measured_method = call.method
        return call.method == self._measured_method

    def _padded(self, rows: int, first: Call) -> int:
        """The number of rows to fill a forward up to."""
        if self._exact is not None and not first.of_pictures:
            return self._exact
        if first.compiled:
            bucket = next((bucket for bucket in BUCKETS if bucket >= rows), rows)
            return min(bucket, max(self._size.rows, rows))
        return rows

    def _measured(self, calls: Sequence[Call], rows: int, padded: int) -> list[Any]:
        """Merge calls, and let the size know how long that took once the device has done it."""
        begin = self._clock.mark()
        results = merged(calls, padded)
        self._forwards.append(_Forward(rows, begin, self._clock.mark()))
        while self._forwards and self._clock.is_reached(self._forwards[0].end):
            forward = self._forwards.popleft()
            seconds = self._clock.seconds(forward.begin, forward.end)
            self._size.measured(forward.rows, seconds)
        return results


def _rows(batch: Iterable[_Waiting]) -> int:
    return sum(waiting.call.rows for waiting in batch)
