"""The jobs that this process has claimed and not ended, known to all its threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ClaimedJobs:
    """The ids of the jobs of one batch, and which of them were dropped.

    stop: set when the batch must end, because all its jobs were dropped or the server stops.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._lock = threading.Lock()
        self._ids: set[str] = set()
        self._dropped: set[str] = set()
        self._ending = False

    def begin(self, job_ids: Iterable[str]) -> None:
        """Begin a batch; it is stopped at once if `end` was called before."""
        with self._lock:
            self._ids = set(job_ids)
            self._dropped = set()
            self.stop = threading.Event()
            if self._ending:
                self.stop.set()

    def join(self, job_ids: Iterable[str]) -> None:
        """Add jobs to the batch."""
        with self._lock:
            self._ids |= set(job_ids)

    def drop(self, job_id: str) -> None:
        """Note that a job was cancelled or taken over; stop the batch if no other job is left."""
        with self._lock:
            if job_id not in self._ids:
                return
            self._dropped.add(job_id)
            if self._dropped >= self._ids:
                self.stop.set()

    def is_dropped(self, job_id: str) -> bool:
        """Whether a job was dropped in this batch."""
        return job_id in self._dropped

    def discard(self, job_id: str) -> None:
        """Note that a job has ended."""
        with self._lock:
            self._ids.discard(job_id)

    def unfinished(self) -> set[str]:
        """The jobs that have not ended."""
        with self._lock:
            return set(self._ids)

    def remaining(self) -> set[str]:
        """The jobs that have neither ended nor been dropped."""
        with self._lock:
            return self._ids - self._dropped

    def take_unfinished(self) -> set[str]:
        """End the batch; returns the jobs of it that have not ended."""
        with self._lock:
            unfinished = self._ids
            self._ids = set()
            return unfinished

    def end(self) -> None:
        """Stop this batch and every later one."""
        with self._lock:
            self._ending = True
            self.stop.set()
