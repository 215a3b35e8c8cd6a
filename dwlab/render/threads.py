"""The threads that render: with a GPU they are kept for the next rendering."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from .channel import on_a_new_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..spec.params import GenerationParams
    from .channel import Start, Worker


def start_for(params: Iterable[GenerationParams]) -> Start:
    """How to have cells rendered: code of the user's own needs a thread that can be given up."""
    has_own_code = any(cell.code for cell in params)
    return on_a_kept_thread if keeps_threads() and not has_own_code else on_a_new_thread


def keeps_threads() -> bool:
    """Whether a thread should render again.

    CUDA graphs belong to the thread that recorded them, and another one would record them anew. On a
    CPU each thread that computed keeps a team of OpenMP, which would slow down the next one's.
    """
    import torch

    return torch.cuda.is_available()


def on_a_kept_thread(work: Callable[[], None]) -> Worker:
    """Have work done by a thread that is free, or by a new one if none is."""
    with _lock:
        # in a forked process there are none of these threads
        while _free and not _free[-1].is_alive():
            _free.pop()
        thread = _free.pop() if _free else None
    if thread is None:
        thread = _KeptThread()
        thread.start()
    piece = _Piece(work, thread)
    thread.pieces.put(piece)
    return piece


class _KeptThread(threading.Thread):
    """A thread that does one piece of work after the other."""

    def __init__(self) -> None:
        super().__init__(name="dwlab-render", daemon=True)
        self.pieces: queue.SimpleQueue[_Piece] = queue.SimpleQueue()

    def run(self) -> None:
        while True:
            # nothing refers to a piece, and to its cells, while the thread waits for the next one
            self.pieces.get().run()


class _Piece:
    """A piece of work of a thread."""

    def __init__(self, work: Callable[[], None], thread: _KeptThread) -> None:
        self._work = work
        self._thread = thread
        self._over = threading.Event()

    def run(self) -> None:
        """Do the work, which tells its asker of whatever it raises."""
        try:
            self._work()
        finally:
            with _lock:
                _free.append(self._thread)
            self._over.set()

    @property
    def ident(self) -> int | None:
        """Python's number of the thread."""
        return self._thread.ident

    def is_alive(self) -> bool:
        """Whether the work is not over."""
        return not self._over.is_set() and self._thread.is_alive()

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end, for so many seconds at most."""
        self._over.wait(timeout)


_lock = threading.Lock()
_free: list[_KeptThread] = []
