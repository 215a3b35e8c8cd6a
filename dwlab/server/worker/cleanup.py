"""Cleaning up between batches: old pictures of the API, and jobs that ended long ago."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from ..jobs.job import API_EXPERIMENT
from ..picture_cleanup import remove_old_pictures, remove_unused_inputs

if TYPE_CHECKING:
    from ...store.store import Store
    from ..jobs.job_queue import JobQueue
    from ..settings import ServerSettings

log = logging.getLogger(__name__)
CLEANUP_SECONDS = 600.0  # between two clean-ups
DAY_SECONDS = 86_400


class PeriodicCleanup:
    """Cleans up once in ten minutes. last_at: when it last did, by the monotonic clock."""

    def __init__(self, settings: ServerSettings) -> None:
        self.last_at: float | None = None
        self._settings = settings

    def run_if_due(self, store: Store, queue: JobQueue) -> None:
        """Clean up if it is time; call it only while no picture is being made."""
        at = time.monotonic()
        if self.last_at is not None and at - self.last_at < CLEANUP_SECONDS:
            return
        self.last_at = at
        self._remove_pictures(store)
        counts = queue.counts()
        # a job that is not finished may name pictures that no row names yet
        if not counts["queued"] and not counts["running"]:
            self._remove_inputs(store)
        queue.forget_ended_before(time.time() - self._settings.keep_jobs_days * DAY_SECONDS)

    def _remove_inputs(self, store: Store) -> None:
        days = self._settings.keep_days
        if days is None:
            return
        removed = remove_unused_inputs(store.root, store.cells.inputs(), days)
        log.info("clean-up: %d start pictures removed", removed)

    def _remove_pictures(self, store: Store) -> None:
        days = self._settings.keep_days
        gigabytes = self._settings.keep_gb
        if days is None and gigabytes is None:
            return
        size = None if gigabytes is None else int(gigabytes * 1e9)
        removed = remove_old_pictures(store.file, API_EXPERIMENT, days=days, size=size)
        log.info("clean-up: %d pictures, %.1f MB removed", removed.pictures, removed.bytes / 1e6)
