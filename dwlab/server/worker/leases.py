"""The thread that extends the leases of jobs under way, and learns which were cancelled."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from ...errors import StoreError
from ...store.store import Store
from ..jobs.job_queue import JobQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ..settings import ServerSettings
    from .claimed_jobs import ClaimedJobs

log = logging.getLogger(__name__)
LONGEST_PAUSE = 1.0  # seconds between two looks


class LeaseKeeper:
    """Extends the leases of claimed jobs every third of a lease, until it is ended."""

    def __init__(
        self,
        root: Path,
        settings: ServerSettings,
        owner: str,
        claimed: Callable[[], Sequence[ClaimedJobs]],
    ) -> None:
        self._root = root
        self._settings = settings
        self._owner = owner
        self._claimed = claimed
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dwlab-leases", daemon=True)

    def start(self) -> None:
        """Begin to extend leases."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def end(self) -> None:
        """Extend no more leases."""
        self._ended.set()

    def join(self, seconds: float) -> None:
        """Wait so long for the thread to end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        store: Store | None = None
        while not self._ended.wait(min(LONGEST_PAUSE, self._settings.lease / 3)):
            job_ids = [job_id for claimed in self._claimed() for job_id in claimed.remaining()]
            if not job_ids:
                continue
            try:
                store = store or Store(self._root)
                queue = JobQueue.with_settings(store.file, self._settings)
                for job_id in queue.extend_leases(self._owner, job_ids):
                    for claimed in self._claimed():
                        claimed.drop(job_id)
            except StoreError as error:  # a lease outlives one failure
                log.warning("leases could not be extended: %s", error)
        if store:
            store.close()
