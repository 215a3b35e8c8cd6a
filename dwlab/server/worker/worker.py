"""The thread that works on jobs, one batch after the other."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from ...errors import DwlabError, StoreError
from ...store.store import Store
from ..jobs.job_queue import JobQueue
from ..jobs.process_name import this_process
from .batch import Batch, error_for_client
from .claimed_jobs import ClaimedJobs
from .cleanup import PeriodicCleanup
from .default_model import load_default_model
from .leases import LeaseKeeper
from .picture_jobs import render_pictures
from .sweep_jobs import run_sweep

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ..events.job_events import JobEventLogs
    from ..jobs.job import Job
    from ..prometheus_metrics import ServerMetrics
    from ..settings import ServerSettings

log = logging.getLogger(__name__)
IDLE_SECONDS = 0.5  # between two looks at a queue that other processes may fill
NOTICE_SECONDS = 2.0  # for a step to notice that it must stop
GIVE_BACK_SECONDS = 0.5  # for the store to take back jobs that do not stop


class Worker:
    """Works on the jobs of a results folder until it is stopped.

    loaded: the name of the model in memory, or None. device: what it computes on, "auto" before
    torch is loaded. ready: whether the default model is loaded, or failed to load.
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
        self.ready = False
        self._root = root
        self._settings = settings
        self._event_logs = event_logs
        self._metrics = metrics
        self._owner = this_process()
        self._claimed = ClaimedJobs()
        self._leases = LeaseKeeper(root, settings, self._owner, self._claimed)
        self._cleanup = PeriodicCleanup(settings)
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dwlab-worker", daemon=True)

    def start(self) -> None:
        """Begin with the jobs that wait."""
        self._thread.start()
        self._leases.start()

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    def drop(self, job_id: str) -> None:
        """Stop work on a job that was cancelled, within a step."""
        self._claimed.drop(job_id)

    @property
    def alive(self) -> bool:
        """Whether both threads run."""
        return self._thread.is_alive() and self._leases.alive

    # -- stopping ------------------------------------------------------------------------------

    def stop(self, patience: float) -> None:
        """Start no more jobs, and give the batch under way so many seconds.

        Then what is unfinished goes back into the queue. Returns within three seconds more, even if
        a step or the loading of a model takes longer; that cannot be stopped, but ends with the
        process.
        """
        self._closing.set()
        self._wake.set()
        # while the default model is being loaded, no job is under way
        if self.ready:
            self._thread.join(patience)
        self._claimed.end()
        if self.ready:
            self._thread.join(NOTICE_SECONDS)
        self._leases.end()
        self.give_back()
        self._leases.join(GIVE_BACK_SECONDS)

    def give_back(self) -> None:
        """Queue the jobs under way again, because their thread is too busy to do it."""
        unfinished = self._claimed.unfinished()
        if not unfinished or not self._thread.is_alive():
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

    # -- the loop ------------------------------------------------------------------------------

    def _run(self) -> None:
        self._load_default_model()
        store: Store | None = None
        while not self._closing.is_set():
            try:
                store = store or Store(self._root)
                queue = JobQueue.with_settings(store.file, self._settings)
                self._cleanup.run_if_due(store, queue)
                jobs = queue.claim(self._owner, self._settings.together)
                if jobs:
                    if not self._work_on(store, queue, jobs):
                        # it may hold rows that it could not write: the next batch would fail
                        store.close()
                        store = None
                    continue
            except StoreError as error:
                # not a bug, so there is no traceback
                log.error("%s", error)  # noqa: TRY400
                store = None
            except Exception:  # one bad batch must not end the server; its lease runs out
                log.exception("a batch of jobs ended unexpectedly")
            self._wake.wait(IDLE_SECONDS)
            self._wake.clear()
        if store:
            store.close()

    def _load_default_model(self) -> None:
        identity = load_default_model(self._settings)
        if identity is not None:
            self.loaded = identity.name
            self.device = identity.device
        self.ready = True

    def _note_model(self, name: str) -> None:
        self.loaded = name

    def _batch(self, store: Store, queue: JobQueue, jobs: list[Job]) -> Batch:
        return Batch(
            jobs=jobs,
            store=store,
            queue=queue,
            owner=self._owner,
            settings=self._settings,
            compute=self._settings.compute,
            claimed=self._claimed,
            event_logs=self._event_logs,
            metrics=self._metrics,
            on_model=self._note_model,
        )

    def _work_on(self, store: Store, queue: JobQueue, jobs: list[Job]) -> bool:
        """Work on jobs that are alike, and end each; what a stop leaves unfinished is queued again.

        Returns whether the batch itself succeeded; a job that fails alone does not count.
        """
        batch = self._batch(store, queue, jobs)
        job_ids = [job.id for job in jobs]
        self._claimed.begin(job_ids)
        log.info("begins: %s", ", ".join(job_ids))
        self._metrics.together.observe(len(jobs))
        try:
            # jobs may have been cancelled before they were known to be under way
            for job_id in queue.extend_leases(self._owner, job_ids):
                self._claimed.drop(job_id)
            _make_pictures(batch)
        except Exception as error:
            # only bugs need a traceback
            is_bug = not isinstance(error, DwlabError)
            log.error("failed: %s", error, exc_info=is_bug)  # noqa: TRY400
            for job in jobs:
                batch.fail(job, error_for_client(error))
            return False
        else:
            return True
        finally:
            unfinished = self._claimed.take_unfinished()
            for job_id in unfinished:
                self._event_logs.end(job_id)
            queue.release(self._owner, unfinished)  # cancelled jobs are no longer the owner's


def _make_pictures(batch: Batch) -> None:
    first = batch.jobs[0]
    if first.sweep is not None:
        run_sweep(batch, first, first.sweep)
    else:
        render_pictures(batch)
