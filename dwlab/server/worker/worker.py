"""The thread that does the jobs: claims those that are alike, renders them together, keeps their leases alive."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import DwlabError, InUse, StoreError
from ...events import Done, Failed, Started, Step
from ...models import loading
from ...models.identity import identify
from ...paths import network_name
from ...pictures.not_finite import nan_warning
from ...pictures.picture import Picture
from ...runs.eta import Pace
from ...runs.keep import Reused, keep_cells
from ...runs.resolve import identify_all, resolve
from ...runs.sweep import Sweep
from ...runs.work import Work
from ...spec.compute import Compute
from ...spec.params import GenerationParams
from ...store.store import Store
from ...workflows.sweep import execute
from ..jobs.job_queue import Job, Jobs, this_process
from ..picture_cleanup import clean
from ..prometheus_metrics import EXPERIMENT
from ..schemas import recipes_of

if TYPE_CHECKING:
    from pathlib import Path

    from ...events import Event
    from ...render.resolved_cell import ResolvedCell
    from ..events.event_log import Feed, Log
    from ..prometheus_metrics import Metrics
    from ..settings import Settings

log = logging.getLogger(__name__)
IDLE_SECONDS = 0.5  # between two looks at a queue that other processes may fill
CLEAN_SECONDS = 600.0  # between two clean-ups
NOTICE_SECONDS = 2.0  # for a step to notice that it must stop
GIVE_BACK_SECONDS = 0.5  # for the store to take back what does not stop


@dataclass
class _Work:
    """A job being done: its recipes, and what has become of each."""

    job: Job
    log: Log
    cells: list[ResolvedCell]
    pace: Pace
    keys: dict[int, str] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        return len(self.keys.keys() | self.errors.keys()) == len(self.cells)


class Worker:
    """Does the jobs of a results folder, one batch after the other, until it is stopped.

    loaded: the name of the model in memory, or None. device: what it computes on, "auto" before torch is loaded.
    """

    def __init__(self, root: Path, settings: Settings, feed: Feed, metrics: Metrics) -> None:
        self.loaded: str | None = None
        self.device = settings.device
        self._compute = Compute(device=settings.device)
        self.ready = False
        self._root, self._settings, self._feed, self._metrics = root, settings, feed, metrics
        self._owner = this_process()
        self._mine: set[str] = set()
        self._lost: set[str] = set()
        self._stop = threading.Event()  # of the batch under way
        self._wake, self._closing, self._dropped, self._ended = (
            threading.Event() for _ in range(4)
        )
        self._guard = threading.Lock()
        self._cleaned = 0.0
        self._threads = [
            threading.Thread(target=self._run, name="dwlab-worker", daemon=True),
            threading.Thread(target=self._keep_leases, name="dwlab-leases", daemon=True),
        ]

    def start(self) -> None:
        """Begin with what waits."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    def drop(self, job: str) -> None:
        """Stop work on a job that was cancelled, within a step."""
        with self._guard:
            if job in self._mine:
                self._lost.add(job)
                if self._lost >= self._mine:
                    self._stop.set()

    def stop(self, patience: float) -> None:
        """Take no more jobs; give the batch under way so many seconds, then put what is unfinished back into the queue.

        Returns within three seconds more, also if a step or the loading of a model takes longer, which cannot be stopped
        but ends with the process: see `ended`.
        """
        self._closing.set()
        self._wake.set()
        if self.ready:  # else the default model is being loaded, and nothing is under way
            self._threads[0].join(patience)
        with self._guard:
            self._dropped.set()
            self._stop.set()
        if self.ready:
            self._threads[0].join(NOTICE_SECONDS)
        self._ended.set()
        self.give_back()
        self._threads[1].join(GIVE_BACK_SECONDS)

    def give_back(self) -> None:
        """Put the jobs that are still under way back into the queue, as the thread that does them does not come to it."""
        with self._guard:
            unfinished = list(self._mine)
        if unfinished and self._threads[0].is_alive():
            giving = threading.Thread(target=self._release, args=(unfinished,), daemon=True)
            giving.start()
            giving.join(
                GIVE_BACK_SECONDS
            )  # else their lease runs out, or the next process sees that this one is gone

    def _release(self, jobs: list[str]) -> None:
        try:
            with Store(self._root) as store:
                Jobs(store.file).release(self._owner, jobs)
        except StoreError as error:
            log.warning("jobs could not be put back into the queue: %s", error)

    @property
    def alive(self) -> bool:
        """Whether both threads run."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def ended(self) -> bool:
        """Whether neither thread runs."""
        return not any(thread.is_alive() for thread in self._threads)

    # -- leases --------------------------------------------------------------------------------

    def _keep_leases(self) -> None:
        """Say every third of a lease that the jobs under way are alive, and hear which were cancelled elsewhere."""
        store = None
        while not self._ended.wait(min(1.0, self._settings.lease / 3)):
            with self._guard:
                mine = list(self._mine - self._lost)
            if not mine:
                continue
            try:
                store = store or Store(self._root)
                for job in Jobs(store.file, lease=self._settings.lease).beat(self._owner, mine):
                    self.drop(job)
            except StoreError as error:  # the lease is longer than one beat
                log.warning("leases could not be extended: %s", error)
        if store:
            store.close()

    # -- the loop ------------------------------------------------------------------------------

    def _run(self) -> None:
        self._preload()
        store: Store | None = None
        while not self._closing.is_set():
            try:
                store = store or Store(self._root)
                limits = self._settings
                jobs = Jobs(
                    store.file,
                    lease=limits.lease,
                    attempts=limits.attempts,
                    queue=limits.queue_limit,
                )
                self._clean(jobs, store)  # here, where no picture is being made
                batch = jobs.claim(self._owner, limits.together)
                if batch:
                    if not self._do(jobs, store, batch):
                        store.close()  # with rows that it could not write: the next batch shall not fail by them
                        store = None
                    continue
            except StoreError as error:
                log.error("%s", error)  # noqa: TRY400  # the user's, not a bug
                store = None
            except Exception:  # one bad batch shall not end the server; its lease runs out
                log.exception("a batch of jobs ended unexpectedly")
            self._wake.wait(IDLE_SECONDS)
            self._wake.clear()
        if store:
            store.close()

    def _preload(self) -> None:
        """Load the default model, so that the first picture needs not wait for it.

        In a thread that ends: OpenMP keeps threads for each one that ever computed, and where they are more than the cores,
        small forwards of the thread that renders take twice as long.
        """
        try:
            with ThreadPoolExecutor(1) as apart:
                model = apart.submit(self._default_model).result()
            self.loaded, self.device = model.identity.name, model.identity.device
        except DwlabError as error:
            log.error("the default model is not loaded: %s", error)  # noqa: TRY400  # as above
        except Exception:  # whatever a broken model raises: those that work shall be served
            log.exception("the default model is not loaded")
        self.ready = True

    def _default_model(self) -> loading.Model:
        return loading.load_identified(identify(self._settings.model, self._settings.device))

    def _clean(self, jobs: Jobs, store: Store) -> None:
        if time.monotonic() - self._cleaned < CLEAN_SECONDS and self._cleaned:
            return
        self._cleaned = time.monotonic()
        limits = self._settings
        size = None if limits.keep_gb is None else int(limits.keep_gb * 1e9)
        if limits.keep_days is not None or size is not None:
            gone = clean(store.file, EXPERIMENT, days=limits.keep_days, size=size)
            log.info("clean-up: %d pictures, %.1f MB removed", gone.pictures, gone.bytes / 1e6)
        jobs.forget(time.time() - limits.keep_jobs_days * 86_400)

    def _do(self, jobs: Jobs, store: Store, batch: list[Job]) -> bool:
        """Do jobs that are alike, and end each; those that a stop leaves unfinished go back into the queue.

        Returns whether all of it went its way: each job's own failures do not count.
        """
        with self._guard:
            self._mine = {job.id for job in batch}
            self._lost.clear()
            self._stop = threading.Event()
            if self._dropped.is_set():
                self._stop.set()
        log.info("begins: %s", ", ".join(job.id for job in batch))
        self._metrics.together.observe(len(batch))
        try:
            for lost in jobs.beat(self._owner, [job.id for job in batch]):
                self.drop(lost)  # cancelled before it was known to be under way
            if "sweep" in batch[0].request:
                self._sweep(jobs, store, batch[0])
            else:
                self._generate(jobs, store, batch)
        except Exception as error:
            log.error("failed: %s", error, exc_info=not isinstance(error, DwlabError))  # noqa: TRY400  # which have words
            for job in batch:
                self._finish(jobs, job, "failed", {}, _told(error))
            return False
        else:
            return True
        finally:
            with self._guard:
                unfinished, self._mine = self._mine, set()
            for left in unfinished:
                if (kept := self._feed.of(left)) is not None:
                    kept.end()
            jobs.release(
                self._owner, unfinished
            )  # those that were cancelled are not the owner's any more

    def _finish(
        self, jobs: Jobs, job: Job, status: str, result: dict[str, Any], error: str | None = None
    ) -> None:
        if jobs.finish(self._owner, job.id, status, result, error):
            self._metrics.jobs.labels(status).inc()
            self._metrics.seconds.observe(time.time() - (job.started or time.time()))
            log.info("%s: %s%s", status, job.id, f" ({error})" if error else "")
        with self._guard:
            self._mine.discard(job.id)
        if (kept := self._feed.of(job.id)) is not None:
            kept.end()

    def _wanted(self, works: list[_Work]) -> int:
        """How many of them have neither ended nor been cancelled."""
        with self._guard:
            return sum(work.job.id in self._mine - self._lost for work in works)

    # -- pictures ------------------------------------------------------------------------------

    def _generate(self, jobs: Jobs, store: Store, batch: list[Job]) -> None:
        """Render jobs together; one that the model cannot do fails by itself."""
        works: list[_Work] = []
        for job in batch:
            kept = self._feed.begin(job.id)
            try:
                params = [GenerationParams(**one) for one in recipes_of(job.request)]
                identities = identify_all(params, self._compute, download=False)
                cells = resolve(params, identities, start=sum(len(work.cells) for work in works))
            except DwlabError as error:
                self._finish(jobs, job, "failed", {}, str(error))
                continue
            kept.steps = sum(one.steps for one in params)
            works.append(_Work(job, kept, cells, Pace(Work.of(params))))
        if works:
            self._render(jobs, store, works)
        if not self._stop.is_set() and (left := self._wanted(works)):
            raise RuntimeError(f"the renderer left {left} jobs without pictures")

    def _render(self, jobs: Jobs, store: Store, works: list[_Work]) -> None:
        """One call of the renderer for the pictures of several jobs; ends each job with its last picture."""
        places = [(work, index) for work in works for index in range(len(work.cells))]

        def tell(event: Event) -> None:
            work, index = places[event.index]
            self._take(jobs, store, work, index, event)

        keep_cells(
            [cell for work in works for cell in work.cells],
            store,
            experiment=EXPERIMENT,
            compute=self._compute,
            on_event=tell,
            cancel=self._stop,
            dropped=lambda position: places[position][0].job.id in self._lost,
        )

    def _take(self, jobs: Jobs, store: Store, work: _Work, index: int, event: Event) -> None:
        work.pace.update(dataclasses.replace(event, index=index))
        work.log.left = work.pace.left
        if isinstance(event, Started):
            self.loaded = event.params.model
            work.log.add("started", {"index": index})
        elif isinstance(event, Step):
            work.log.step_of(index, event, len(work.cells))
        elif isinstance(event, Failed):
            work.errors[index] = event.error
            work.log.add("failed", {"index": index, "error": work.errors[index]})
        elif isinstance(event, Done) and index not in work.keys:
            self._take_picture(store, work, index, event.result)
        if isinstance(event, Done | Failed) and work.over:
            keys = [work.keys[k] for k in sorted(work.keys)]
            status, error = (
                ("failed", work.errors[min(work.errors)]) if work.errors else ("completed", None)
            )
            warning = nan_warning(store.nan_shares(keys), len(keys))
            result = {"keys": keys, "images": _urls(store, keys), "warning": warning}
            self._finish(jobs, work.job, status, result, error)

    def _take_picture(self, store: Store, work: _Work, index: int, picture: object) -> None:
        if not isinstance(picture, Picture | Reused):
            raise TypeError(f"a picture was expected, not {picture!r}")
        self._metrics.pictures.labels("reused" if isinstance(picture, Reused) else "made").inc()
        work.keys[index] = picture.key
        work.errors.pop(index, None)
        work.log.add("done", {"index": index, "image_url": _urls(store, [picture.key])[0]})

    # -- sweeps --------------------------------------------------------------------------------

    def _sweep(self, jobs: Jobs, store: Store, job: Job) -> None:
        asked = job.request["sweep"]
        spec: Sweep = Sweep.from_dict({**asked, "name": network_name(asked["name"])})
        kept = self._feed.begin(job.id)

        pace = Pace(0)

        def plan(total: int, todo: Work) -> None:
            nonlocal pace
            pace = Pace(todo)
            kept.step, kept.steps = total - len(todo), total
            kept.add("plan", {"cells": total, "to_do": len(todo)})

        def tell(event: Event) -> None:
            pace.update(event)
            kept.left = pace.left
            if isinstance(event, Started):
                self.loaded = event.params.model
            elif isinstance(event, Done | Failed):
                kept.step += 1
                data: dict[str, Any] = {
                    "index": event.index,
                    "step": kept.step,
                    "steps": kept.steps,
                }
                if isinstance(event, Failed):
                    data["error"] = event.error
                kept.add(event.kind, data)

        outcome, _ = execute(
            spec, results=self._root, compute=self._compute, limit=self._settings.max_cells,
            cancel=self._stop, download=False, on_plan=plan, on_event=tell,
        )  # fmt: skip
        self._metrics.pictures.labels("made").inc(outcome.made)
        self._metrics.pictures.labels("reused").inc(outcome.reused)
        if outcome.left:  # cancelled, or to be done by the next server
            return
        images = [f"/{row['image']}" for row in store.rows(spec.name) if row["status"] == "ok"]
        counts = {
            "total": outcome.total,
            "reused": outcome.reused,
            "made": outcome.made,
            "failed": outcome.failed,
            "nan": outcome.nan,
        }
        error = (
            f"{outcome.failed} of {outcome.total} pictures failed; the table says why"
            if outcome.failed
            else None
        )
        self._finish(
            jobs,
            job,
            "failed" if error else "completed",
            {"images": images, "counts": counts, "warning": outcome.warning},
            error,
        )


def _told(error: Exception) -> str:
    """What a client hears of an error: nothing of this machine's folders."""
    if isinstance(error, InUse):
        return "another process runs the experiment of that name; ask again once it has ended: what it finished is reused"
    if isinstance(error, StoreError):
        return "the results folder cannot be written; the server's log says why"
    return (
        str(error)
        if isinstance(error, DwlabError)
        else f"{type(error).__name__}: {error}".splitlines()[0][:500]
    )


def _urls(store: Store, keys: list[str]) -> list[str]:
    """Where the pictures of some keys are served, in their order."""
    found = {row["key"]: f"/{row['image']}" for row in store.finished(keys)}
    return [found[key] for key in keys if key in found]
