"""What works on jobs: a thread for pictures, one for sweeps, and one that computes for both."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from ...errors import StoreError
from ...render.lane import Lane
from ...store.store import Store
from ..jobs.job_queue import JobQueue
from ..jobs.process_name import this_process
from .batch import Workplace
from .cleanup import PeriodicCleanup
from .default_model import load_default_model
from .job_loop import JobLoop
from .leases import LeaseKeeper
from .picture_jobs import render_pictures
from .sweep_jobs import run_sweep

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ..events.job_events import JobEventLogs
    from ..prometheus_metrics import ServerMetrics
    from ..settings import ServerSettings

log = logging.getLogger(__name__)
NOTICE_SECONDS = 2.0  # for a step to notice that it must stop
GIVE_BACK_SECONDS = 0.5  # for the store to take back jobs that do not stop


class Worker:
    """Works on the jobs of a results folder until it is stopped; pictures come before sweeps.

    loaded: the name of the model in memory, or None. device: what it computes on, "auto" before
    torch is loaded.
    """

    def __init__(
        self,
        root: Path,
        settings: ServerSettings,
        event_logs: JobEventLogs,
        metrics: ServerMetrics,
    ) -> None:
        self.loaded: str | None = None
        self.device = settings.device
        self._root = root
        self._settings = settings
        self._owner = this_process()
        self._event_logs = event_logs
        self._metrics = metrics
        self._lane = Lane()
        self._ready = threading.Event()
        self._cleanup = PeriodicCleanup(settings)
        workplace = Workplace(
            root=root,
            settings=settings,
            owner=self._owner,
            lane=self._lane,
            event_logs=event_logs,
            metrics=metrics,
            on_model=self._note_model,
        )
        self._pictures = JobLoop(
            "dwlab-pictures",
            workplace,
            is_for=lambda job: job.alike is not None,
            work=render_pictures,
            limit=settings.together,
            prepare=self._load_default_model,
            between=self._clean_up,
        )
        self._sweeps = JobLoop(
            "dwlab-sweeps",
            workplace,
            is_for=lambda job: job.alike is None,
            work=run_sweep,
            prepare=self._wait_until_ready,
        )
        self._loops = (self._pictures, self._sweeps)
        self._leases = LeaseKeeper(
            root, settings, self._owner, [loop.claimed for loop in self._loops]
        )

    def start(self) -> None:
        """Begin with the jobs that wait."""
        self._lane.start()
        for loop in self._loops:
            loop.start()
        self._leases.start()

    def wake(self) -> None:
        """Look at the queue now."""
        for loop in self._loops:
            loop.wake()

    def drop(self, job_id: str) -> None:
        """Stop work on a job that was cancelled, within a step."""
        for loop in self._loops:
            loop.claimed.drop(job_id)

    @property
    def ready(self) -> bool:
        """Whether the default model is loaded, or failed to load."""
        return self._ready.is_set()

    @property
    def alive(self) -> bool:
        """Whether all threads run."""
        return self._lane.is_alive() and self._leases.alive and self._works

    @property
    def _works(self) -> bool:
        return all(loop.alive for loop in self._loops)

    def _load_default_model(self) -> None:
        identity = load_default_model(self._settings)
        if identity is not None:
            self.loaded = identity.name
            self.device = identity.device
        self._ready.set()

    def _wait_until_ready(self) -> None:
        self._ready.wait()

    def _note_model(self, name: str) -> None:
        self.loaded = name

    def _clean_up(self, store: Store, queue: JobQueue) -> None:
        """Clean up if it is time, unless a sweep is making pictures."""
        if self._sweeps.working.acquire(blocking=False):
            try:
                self._cleanup.run_if_due(store, queue)
            finally:
                self._sweeps.working.release()

    # -- stopping ------------------------------------------------------------------------------

    def stop(self, patience: float) -> None:
        """Start no more jobs, and give the batch under way so many seconds.

        Then what is unfinished goes back into the queue. Returns within three seconds more, even if
        a step or the loading of a model takes longer; that cannot be stopped, but ends with the
        process.
        """
        for loop in self._loops:
            loop.close()
        # while the default model is being loaded, no job is under way
        if self.ready:
            self._join_loops(patience)
        for loop in self._loops:
            loop.claimed.end()
        if self.ready:
            self._join_loops(NOTICE_SECONDS)
        self._lane.end()
        self._leases.end()
        self.give_back()
        self._leases.join(GIVE_BACK_SECONDS)

    def _join_loops(self, seconds: float) -> None:
        """Wait so long for both loops to end."""
        deadline = time.monotonic() + seconds
        for loop in self._loops:
            loop.join(max(0.0, deadline - time.monotonic()))

    def give_back(self) -> None:
        """Queue the jobs under way again, because their threads are too busy to do it."""
        unfinished: set[str] = set()
        for loop in self._loops:
            if loop.alive:
                unfinished |= loop.claimed.unfinished()
        if not unfinished:
            return
        giving = threading.Thread(target=self._release, args=(unfinished,), daemon=True)
        giving.start()
        # if the store is busy for longer, the jobs' lease runs out, or the next process sees that
        # this one is gone
        giving.join(GIVE_BACK_SECONDS)

    def _release(self, job_ids: Iterable[str]) -> None:
        try:
            with Store(self._root) as store:
                JobQueue(store.file).release(self._owner, job_ids)
        except StoreError as error:
            log.warning("jobs could not be put back into the queue: %s", error)
