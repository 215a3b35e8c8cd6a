"""The time that a method's own code may take, and what becomes of one that takes more."""

from __future__ import annotations

import contextlib
import ctypes
import sys
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import RenderError
from .failure import own_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .channel import Worker
    from .resolved_cell import ResolvedCell


@dataclass(frozen=True)
class Running:
    """A method's own code that runs now. deadline: by `time.monotonic`."""

    cell: ResolvedCell
    deadline: float
    limit: float


class Stuck(Exception):
    """A method does not give way, and its thread was left to itself. lines: where it is."""

    def __init__(self, running: Running, lines: str) -> None:
        super().__init__(too_long(running.limit))
        self.cell = running.cell
        self.lines = lines


class LeftAlone(BaseException):
    """Raised in a thread that nobody waits for any more."""


class OwnTime:
    """Measures how long a cell's own code runs, forwards of the model not counted.

    running: what runs now, for whoever watches from another thread; None while nothing does.
    """

    def __init__(self) -> None:
        self.running: Running | None = None

    @contextlib.contextmanager
    def of_cell(self, cell: ResolvedCell, limit: float) -> Iterator[CellTime]:
        """The time of one cell, which runs until the end of the block. limit: seconds."""
        cell_time = CellTime(self, cell, limit)
        cell_time.go_on()
        try:
            yield cell_time
        finally:
            cell_time.pause()


class CellTime:
    """The time that one cell's own code has taken."""

    def __init__(self, shared: OwnTime, cell: ResolvedCell, limit: float) -> None:
        self._shared = shared
        self._cell = cell
        self._limit = limit
        self._spent = 0.0
        self._began: float | None = None

    def go_on(self) -> None:
        """The cell's own code runs again."""
        self._began = time.monotonic()
        deadline = self._began + self._limit - self._spent
        self._shared.running = Running(self._cell, deadline, self._limit)

    def pause(self) -> None:
        """The cell's own code waits for something else, or has ended."""
        if self._began is not None:
            self._spent += time.monotonic() - self._began
        self._began = None
        self._shared.running = None

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Not counted; raises RenderError if the cell has had more than its time."""
        self.pause()
        if self._spent > self._limit:
            raise RenderError(too_long(self._limit))
        try:
            yield
        finally:
            self.go_on()


def too_long(limit: float) -> str:
    """Why a cell was stopped."""
    return (
        f"the method's own code ran for more than {limit:g} s, its time limit; give it more with "
        "--method-timeout"
    )


def leave_alone(worker: Worker) -> str:
    """Stop a thread as soon as it runs Python code again; returns where it is, in a user's own lines.

    A thread that sleeps or waits for input goes on to do so, which harms nobody.
    """
    from . import own_randomness

    if worker.ident is None:
        return ""
    own_randomness.give_back()
    frame = sys._current_frames().get(worker.ident)  # noqa: SLF001  # the documented way
    lines = own_stack(traceback.extract_stack(frame)) if frame else ""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(worker.ident), ctypes.py_object(LeftAlone)
    )
    return lines
