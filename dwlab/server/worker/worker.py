"""What works on jobs: a thread per device for the pictures of requests, and one for sweeps."""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import time
from typing import TYPE_CHECKING

from ...errors import StoreError
from ...store.store import Store
from ..jobs.job_queue import JobQueue
from ..jobs.process_name import this_process
from ..jobs.turns import Turns
from .batch import Workplace
from .cleanup import PeriodicCleanup
from .device import is_for
from .job_loop import JobLoop
from .leases import LeaseKeeper
from .picture_jobs import render_pictures
from .sweep_jobs import run_sweep
from .this_process import ThisProcess
from .workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ...spec.compute import Compute
    from ..events.job_events import JobEventLogs
    from ..jobs.turns import WaitingJob
    from ..prometheus_metrics import ServerMetrics
    from ..settings import ServerSettings
    from .claimed_jobs import ClaimedJobs
    from .device import Device, Devices

log = logging.getLogger(__name__)
NOTICE_SECONDS = 2.0  # for a step to notice that it must stop
GIVE_BACK_SECONDS = 0.5  # for the store to take back jobs that do not stop


class Worker:
    """Works on the jobs of a results folder until it is stopped; pictures come before sweeps.

    A thread per device makes the pictures of requests, and one those of sweeps, on all devices.
    """

    def __init__(
        self,
        root: Path,
        settings: ServerSettings,
        event_logs: JobEventLogs,
        metrics: ServerMetrics,
    ) -> None:
        self._root = root
        self._settings = settings
        self._owner = this_process()
        self._event_logs = event_logs
        self._metrics = metrics
        self._ready = threading.Event()
        self._closing = threading.Event()
        self._cleanup = PeriodicCleanup(settings)
        is_local = settings.compute.place.is_local
        self._devices: Devices = ThisProcess(settings) if is_local else Workers(settings)
        self._workplace = Workplace(
            root=root,
            settings=settings,
            owner=self._owner,
            devices=self._devices,
            here=lambda: self.devices,
            event_logs=event_logs,
            metrics=metrics,
        )
        self._turns = Turns()
        self._sweeps = JobLoop(
            "dwlab-sweeps",
            self._workplace,
            Turns(),
            is_for=lambda job: job.alike is None and bool(self._pictures),
            work=run_sweep,
            prepare=self._wait_until_ready,
        )
        # by the name of their device
        self._pictures: dict[str, JobLoop] = {}
        self._leases = LeaseKeeper(root, settings, self._owner, self._claimed)

    def start(self) -> None:
        """Begin with the jobs that wait."""
        self._devices.start(self._add, self._remove)
        self._sweeps.start()
        self._leases.start()

    def wake(self) -> None:
        """Look at the queue now."""
        for loop in self._loops():
            loop.wake()

    def drop(self, job_id: str) -> None:
        """Stop work on a job that was cancelled, within a step."""
        for loop in self._loops():
            loop.claimed.drop(job_id)

    @property
    def ready(self) -> bool:
        """Whether the default model is loaded, or failed to load, on the first device."""
        return self._ready.is_set()

    @property
    def alive(self) -> bool:
        """Whether all threads run."""
        loops = [self._sweeps, *self._pictures.copy().values()]
        return self._devices.alive and self._leases.alive and all(loop.alive for loop in loops)

    @property
    def compute(self) -> Compute:
        """How pictures are computed."""
        return self._devices.compute

    @property
    def loaded(self) -> str | None:
        """The name of a model in memory, the default one if that is there; None if there is none."""
        models = [device.model for device in self.devices if device.model]
        default = [model for model in models if model == self._settings.model]
        return next(iter(default or models), None)

    @property
    def device(self) -> str:
        """What it computes on: the kinds of its devices."""
        kinds = dict.fromkeys(device.device for device in self.devices)
        return ", ".join(kinds) or self._settings.device

    @property
    def devices(self) -> list[Device]:
        """The devices that are there."""
        loops = self._pictures.copy().values()
        return [loop.device for loop in loops if loop.device is not None]

    def jobs_on(self, device: Device) -> int:
        """How many requests a device works on."""
        loop = self._pictures.get(device.name)
        return len(loop.claimed.remaining()) if loop else 0

    def _loops(self) -> list[JobLoop]:
        return [*self._pictures.copy().values(), self._sweeps]

    def _claimed(self) -> list[ClaimedJobs]:
        return [loop.claimed for loop in self._loops()]

    def _add(self, device: Device) -> None:
        """Give a device requests from now on."""
        loop = JobLoop(
            f"dwlab-pictures {device.name}",
            self._workplace,
            self._turns,
            device=device,
            is_for=functools.partial(self._is_for, device),
            work=render_pictures,
            limit=self._settings.together,
            prepare=functools.partial(self._load_default_model, device),
            between=self._clean_up,
        )
        self._pictures[device.name] = loop
        loop.start()
        if self._closing.is_set():
            loop.close()

    def _remove(self, name: str) -> None:
        """Give a device that is gone no more requests; those that it had are queued again."""
        loop = self._pictures.pop(name)
        loop.close()

    def _is_for(self, device: Device, job: WaitingJob) -> bool:
        others = [other for other in self.devices if other is not device]
        return is_for(device, others, job)

    def _load_default_model(self, device: Device) -> None:
        if device.load():
            device.note_model(self._settings.model)
        self._ready.set()

    def _wait_until_ready(self) -> None:
        self._ready.wait()

    def _clean_up(self, store: Store, queue: JobQueue) -> None:
        """Clean up if it is time, unless pictures are being made."""
        with contextlib.ExitStack() as stack:
            for loop in self._loops():
                if not loop.working.acquire(blocking=False):
                    return
                stack.callback(loop.working.release)
            self._cleanup.run_if_due(store, queue)

    # -- stopping ------------------------------------------------------------------------------

    def stop(self, patience: float) -> None:
        """Start no more jobs, and give the batch under way so many seconds.

        Then what is unfinished goes back into the queue. Returns within three seconds more, even if
        a step or the loading of a model takes longer; that cannot be stopped, but ends with the
        process.
        """
        self._closing.set()
        for loop in self._loops():
            loop.close()
        # while the default model is being loaded, no job is under way
        if self.ready:
            self._join_loops(patience)
        for loop in self._loops():
            loop.claimed.end()
        if self.ready:
            self._join_loops(NOTICE_SECONDS)
        self._devices.end()
        self._leases.end()
        self.give_back()
        self._leases.join(GIVE_BACK_SECONDS)

    def _join_loops(self, seconds: float) -> None:
        """Wait so long for all loops to end."""
        deadline = time.monotonic() + seconds
        for loop in self._loops():
            loop.join(max(0.0, deadline - time.monotonic()))

    def give_back(self) -> None:
        """Queue the jobs under way again, because their threads are too busy to do it."""
        unfinished: set[str] = set()
        for loop in self._loops():
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
