"""Jobs that were claimed together, and what working on them takes."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...cluster.gone import AllRefused
from ...errors import DwlabError, InUse, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ...spec.compute import Compute
    from ...store.store import Store
    from ..events.job_events import JobEventLogs
    from ..jobs.job import Job, JsonObject
    from ..jobs.job_queue import JobQueue
    from ..prometheus_metrics import ServerMetrics
    from ..settings import ServerSettings
    from .claimed_jobs import ClaimedJobs
    from .device import Device, Devices

log = logging.getLogger(__name__)
ERROR_SHOWN = 500  # characters of an unexpected error


@dataclass(frozen=True)
class Workplace:
    """What all threads of a server have in common that work on jobs.

    owner: the name under which they claim jobs. devices: that compute; here: those of them that are
    there now.
    """

    root: Path
    settings: ServerSettings
    owner: str
    devices: Devices
    here: Callable[[], list[Device]]
    event_logs: JobEventLogs
    metrics: ServerMetrics


@dataclass(frozen=True)
class Batch:
    """Jobs that are alike.

    claim_more: further ones that have come, which are in `jobs` from then on. device: that makes the
    pictures; None if all do.
    """

    jobs: list[Job]
    store: Store
    queue: JobQueue
    claimed: ClaimedJobs
    workplace: Workplace
    claim_more: Callable[[], list[Job]]
    device: Device | None

    @property
    def compute(self) -> Compute:
        """How pictures are computed."""
        return self.workplace.devices.compute

    def complete(self, job: Job, result: JsonObject) -> None:
        """End a job as completed."""
        self._finish(job, "completed", result, None)

    def fail(self, job: Job, error: str, result: JsonObject | None = None) -> None:
        """End a job as failed; `result` has what it made nevertheless."""
        self._finish(job, "failed", result or {}, error)

    def _finish(self, job: Job, status: str, result: JsonObject, error: str | None) -> None:
        if self.queue.finish(self.workplace.owner, job.id, status, result, error):
            self.workplace.metrics.jobs.labels(status).inc()
            self.workplace.metrics.seconds.observe(time.time() - (job.started or time.time()))
            reason = f" ({error})" if error else ""
            log.info("%s: %s%s", status, job.id, reason)
        self.claimed.discard(job.id)
        self.workplace.event_logs.end(job.id)


def error_for_client(error: Exception) -> str:
    """What a client is told of an error: nothing about this machine's folders, or other machines."""
    if isinstance(error, InUse):
        return (
            "another process is running the experiment of that name; request it again once that "
            "has ended: its finished pictures are reused"
        )
    if isinstance(error, AllRefused):
        return (
            "every worker of this server was refused, because it would not make the pictures that "
            "were planned; the server's log says why"
        )
    if isinstance(error, StoreError):
        return "the results folder cannot be written; see the server's log"
    if isinstance(error, DwlabError):
        return str(error)
    first_line = f"{type(error).__name__}: {error}".splitlines()[0]
    return first_line[:ERROR_SHOWN]
