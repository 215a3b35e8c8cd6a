"""The store for the routes, in a thread with a connection of its own.

So no request waits for the commit of another in SQLite.
"""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ..store.store import Store
from .jobs.job_queue import JobQueue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .settings import ServerSettings

T = TypeVar("T")
COUNT_SECONDS = 0.05  # that counting may take; then the last counts are used


@dataclass(frozen=True)
class OpenStore:
    """The open store, and the jobs in it."""

    store: Store
    queue: JobQueue


class StoreThread:
    """Runs work on the store, one piece after the other."""

    def __init__(self, root: Path, settings: ServerSettings) -> None:
        self._root = root
        self._settings = settings
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="dwlab-store")
        self._opened: OpenStore | None = None
        self._counts = {"queued": 0, "running": 0}

    async def run(self, work: Callable[[OpenStore], T]) -> T:
        """The result of `work` on the store's thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._run, work)

    def _run(self, work: Callable[[OpenStore], T]) -> T:
        if self._opened is None:
            store = Store(self._root)
            self._opened = OpenStore(store, JobQueue.with_settings(store.file, self._settings))
        return work(self._opened)

    async def count_jobs(self) -> dict[str, int]:
        """Jobs by status; the last known counts if the store is busy."""
        counting = asyncio.ensure_future(self.run(lambda opened: opened.queue.counts()))
        counting.add_done_callback(self._keep_counts)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(counting), COUNT_SECONDS)
        return self._counts

    def _keep_counts(self, counting: asyncio.Future[dict[str, int]]) -> None:
        """Keep the counts, even if they came too late for the caller."""
        if not counting.cancelled() and counting.exception() is None:
            self._counts = counting.result()

    def close(self) -> None:
        """Close the store once the work under way is done."""
        if self._opened is not None:
            self._executor.submit(self._opened.store.close)
        self._executor.shutdown()
