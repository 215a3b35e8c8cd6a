"""A thread that claims jobs of one kind and works on them, one batch after the other."""

from __future__ import annotations

import functools
import logging
import threading
import time
from typing import TYPE_CHECKING

from ...cluster.gone import NobodyComputes, WorkerGone
from ...errors import DwlabError, StoreError
from ...store.store import Store
from ..jobs.job_queue import JobQueue
from .batch import Batch, error_for_client
from .claimed_jobs import ClaimedJobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..jobs.job import Job
    from ..jobs.turns import Turns, WaitingJob
    from .batch import Workplace
    from .device import Device

log = logging.getLogger(__name__)
GONE_SECONDS = 3.0  # in which a device that is gone gets no more jobs
IDLE_SECONDS = 0.5  # between two looks at a queue that other processes may fill


class JobLoop:
    """Works on jobs of one kind until it is told to stop.

    turns: between clients. is_for: the jobs of its kind. work: makes the pictures of a batch and ends its jobs. device: that
    makes them; None for all. limit: jobs of a batch. prepare: called first, in the loop's thread. between: called before each batch.
    claimed: its jobs under way. working: held while there are any.
    """

    def __init__(
        self,
        name: str,
        workplace: Workplace,
        turns: Turns,
        *,
        is_for: Callable[[WaitingJob], bool],
        work: Callable[[Batch], None],
        device: Device | None = None,
        limit: int = 1,
        prepare: Callable[[], None] | None = None,
        between: Callable[[Store, JobQueue], None] | None = None,
    ) -> None:
        self.claimed = ClaimedJobs()
        self.working = threading.Lock()
        self._workplace = workplace
        self._is_for = is_for
        self._work = work
        self.device = device
        self._limit = limit
        self._prepare = prepare
        self._between = between
        self._turns = turns
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin with the jobs that wait."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    def close(self) -> None:
        """Begin no more batches."""
        self._closing.set()
        self._wake.set()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def join(self, seconds: float) -> None:
        """Wait so long for the thread to end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        if self._prepare:
            self._prepare()
        store: Store | None = None
        while not self._closing.is_set():
            try:
                store = store or Store(self._workplace.root)
                queue = JobQueue.with_settings(store.file, self._workplace.settings)
                if self._between:
                    self._between(store, queue)
                jobs = self._claim(queue, self._limit)
                if jobs:
                    if not self.work_on(store, queue, jobs):
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

    def _claim(self, queue: JobQueue, limit: int, joins: str | None = None) -> list[Job]:
        owner = self._workplace.owner
        return queue.claim(owner, limit, turns=self._turns, is_for=self._is_for, joins=joins)

    def work_on(self, store: Store, queue: JobQueue, jobs: list[Job]) -> bool:
        """Work on jobs that are alike, and end each; what a stop leaves unfinished is queued again.

        Returns whether the batch itself succeeded; a job that fails alone does not count.
        """
        is_joined = self.device is not None and self.device.is_joined
        further = _FurtherJobs(jobs, self._wake, is_joined=is_joined)
        batch = Batch(
            jobs=jobs,
            store=store,
            queue=queue,
            claimed=self.claimed,
            workplace=self._workplace,
            claim_more=functools.partial(self._claim_more, queue, jobs, further),
            device=self.device,
        )
        with self.working:
            return self._make(batch)

    def _make(self, batch: Batch) -> bool:
        queue = batch.queue
        self.claimed.begin([job.id for job in batch.jobs])
        try:
            self._note(queue, batch.jobs)
            self._work(batch)
        except WorkerGone as gone:
            log.warning("%s; its jobs are queued again", gone)
            self._give_back(queue, is_tried=gone.has_begun)
            # until it is known here that the device is gone, and this loop is closed
            self._closing.wait(GONE_SECONDS)
            return True
        except NobodyComputes as error:
            log.warning("%s", error)
            self._closing.wait(GONE_SECONDS)
            return True
        except Exception as error:
            # only bugs need a traceback
            is_bug = not isinstance(error, DwlabError)
            log.error("failed: %s", error, exc_info=is_bug)  # noqa: TRY400
            for job in batch.jobs:
                batch.fail(job, error_for_client(error))
            return False
        else:
            return True
        finally:
            self._workplace.metrics.together.observe(len(batch.jobs))
            self._give_back(queue)

    def _give_back(self, queue: JobQueue, *, is_tried: bool = False) -> None:
        """Queue the jobs of the batch again that have not ended.

        is_tried: whether a worker died over them; others count as not begun.
        """
        # another loop of this process, whose owner is the same, may have them from then on
        unfinished = self.claimed.take_unfinished()
        for job_id in unfinished:
            self._workplace.event_logs.end(job_id)
        # cancelled jobs are no longer the owner's
        give = queue.try_again if is_tried else queue.release
        give(self._workplace.owner, unfinished)

    def _note(self, queue: JobQueue, jobs: list[Job]) -> None:
        """Note that jobs are under way."""
        job_ids = [job.id for job in jobs]
        log.info("begins: %s", ", ".join(job_ids))
        # they may have been cancelled before they were known to be under way
        for job_id in queue.extend_leases(self._workplace.owner, job_ids):
            self.claimed.drop(job_id)

    def _claim_more(self, queue: JobQueue, jobs: list[Job], further: _FurtherJobs) -> list[Job]:
        """Jobs that may join a batch, if it is their turn."""
        unfinished = len(self.claimed.remaining())
        if self._closing.is_set() or not further.may_have_come(unfinished):
            return []
        new = self._claim(queue, self._limit - unfinished, joins=jobs[0].alike)
        if new:
            jobs += new
            self.claimed.join([job.id for job in new])
            self._note(queue, new)
        return new


class _FurtherJobs:
    """When to look for further jobs of a batch, which is asked after each step of each picture.

    wake: set when a job was queued by this process; others do so too. is_joined: whether the device
    takes further cells.
    """

    def __init__(self, jobs: list[Job], wake: threading.Event, *, is_joined: bool) -> None:
        first = jobs[0]
        # one that a worker died over stays alone
        self._is_open = is_joined and first.alike is not None and first.attempts == 1
        self._wake = wake
        self._unfinished = len(jobs)
        self._looked_at = time.monotonic()

    def may_have_come(self, unfinished: int) -> bool:
        """Whether to look now. unfinished: jobs under way."""
        if not self._is_open:
            return False
        is_due = time.monotonic() - self._looked_at >= IDLE_SECONDS
        if not (is_due or self._wake.is_set() or unfinished < self._unfinished):
            return False
        self._wake.clear()
        self._unfinished = unfinished
        self._looked_at = time.monotonic()
        return True
