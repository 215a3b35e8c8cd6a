"""What the application holds together: settings, store, worker, events and metrics."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from ..paths import project_results
from .events.job_events import JobEventLogs
from .jobs import job_status
from .jobs.submission import submit
from .prometheus_metrics import ServerMetrics
from .store_thread import StoreThread
from .worker.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from .jobs.job import Job, ListedJob
    from .jobs.submission import NewJob
    from .schemas import JobStatus, JobSummary
    from .settings import ServerSettings

T = TypeVar("T")


class ServerState:
    """What the routes share. closing: set once the server has begun to stop."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.root = project_results(settings.results)
        self.started_at = time.monotonic()
        self.metrics = ServerMetrics()
        self.event_logs = JobEventLogs()
        self.store = StoreThread(self.root, settings)
        self.worker = Worker(self.root, settings, self.event_logs, self.metrics)
        self.closing = asyncio.Event()
        self._body_reader = ThreadPoolExecutor(1, thread_name_prefix="dwlab-reader")
        self._stopping = threading.Thread(
            target=self.worker.stop,
            args=(settings.shutdown_seconds,),
            name="dwlab-stop",
            daemon=True,
        )

    async def start(self) -> None:
        """Begin with the jobs that wait."""
        await self.store.count_jobs()
        self.worker.start()

    def begin_stop(self) -> None:
        """Start no more jobs, end the event streams and let running jobs have their time.

        Returns at once.
        """
        if not self.closing.is_set():
            self.closing.set()
            self._stopping.start()

    async def stop(self) -> None:
        """Stop; jobs that have not finished in time go back into the queue."""
        self.begin_stop()
        await asyncio.to_thread(self._stopping.join)
        self._body_reader.shutdown(cancel_futures=True)
        self.store.close()

    async def read_body(self, work: Callable[[], T]) -> T:
        """The result of reading a large body; one at a time, so that many take no more memory."""
        return await asyncio.get_running_loop().run_in_executor(self._body_reader, work)

    async def submit(self, new_job: NewJob) -> Job:
        """Queue a request as a job, or complete it if all its pictures are stored."""
        submitted = await self.store.run(
            lambda opened: submit(
                opened,
                new_job,
                compute=self.worker.compute,
                may_reuse=self.worker.ready,
            )
        )
        if submitted.reused:
            self.metrics.pictures.labels("reused").inc(submitted.reused)
            self.metrics.jobs.labels("completed").inc()
        self.worker.wake()
        return submitted.job

    def status(self, job: Job) -> JobStatus:
        """All of a job, with how far it is if it runs in this process."""
        return job_status.status_of(job, self.event_logs.progress(job.id, job.status))

    def summary(self, job: ListedJob) -> JobSummary:
        """A job for a list, with how far it is if it runs in this process."""
        return job_status.summary_of(job, self.event_logs.progress(job.id, job.status))
