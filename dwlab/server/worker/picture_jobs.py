"""Jobs of single pictures: rendered together, each ended with its own last picture."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...errors import DwlabError
from ...events import Connected, Done, Failed, Started, Step, WorkerChanged
from ...pictures.inputs import Inputs
from ...pictures.not_finite import nan_warning
from ...pictures.picture import Picture
from ...render.joining import Joining
from ...runs.eta import Pace
from ...runs.keep import Late, Reused, keep_cells
from ...runs.resolve import identify_all, resolve
from ...runs.work import Work
from ...spec.params import GenerationParams
from ...spec.rows import steps_of
from ..jobs.job import API_EXPERIMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...events import CellEvent, Event
    from ...render.resolved_cell import ResolvedCell
    from ...store.store import Store
    from ..events.job_events import JobEventLog
    from ..jobs.job import Job
    from .batch import Batch


@dataclass
class PictureJob:
    """A job under way: its cells, and by their indices the keys of pictures and the errors."""

    job: Job
    log: JobEventLog
    cells: list[ResolvedCell]
    pace: Pace
    keys: dict[int, str] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether every picture is made or has failed."""
        return len(self.keys.keys() | self.errors.keys()) == len(self.cells)


def render_pictures(batch: Batch) -> None:
    """Render the pictures of a batch together; a job that the model cannot do fails alone."""
    pictures = _Pictures(batch)
    pictures.render()
    if not batch.claimed.stop.is_set():
        unfinished = batch.claimed.remaining()
        if unfinished:
            raise RuntimeError(f"the renderer left {len(unfinished)} jobs without pictures")


class _Pictures:
    """The pictures of a batch, which more may join while they are made."""

    def __init__(self, batch: Batch) -> None:
        if batch.device is None:
            raise TypeError("pictures need a device")
        self._batch = batch
        self._device = batch.device
        self._by_position: dict[int, PictureJob] = {}

    def render(self) -> None:
        """Make the pictures of all jobs, those included that come meanwhile."""
        joining = Joining()
        batch = self._batch
        keep_cells(
            self._begin(batch.jobs),
            batch.store,
            experiment=API_EXPERIMENT,
            compute=batch.compute,
            render=functools.partial(self._device.render, joining=joining),
            on_event=self._on_event,
            cancel=batch.claimed.stop,
            dropped=self._is_dropped,
            late=Late(self._more, joining),
        )

    def _more(self) -> list[ResolvedCell]:
        return self._begin(self._batch.claim_more())

    def _begin(self, jobs: Sequence[Job]) -> list[ResolvedCell]:
        """Begin jobs; returns their cells."""
        cells: list[ResolvedCell] = []
        for job in jobs:
            try:
                begun = _begin(self._batch, job, start=len(self._by_position))
            except DwlabError as error:
                self._batch.fail(job, str(error))
                continue
            cells += begun.cells
            self._by_position |= {cell.position: begun for cell in begun.cells}
        return cells

    def _is_dropped(self, position: int) -> bool:
        return self._batch.claimed.is_dropped(self._by_position[position].job.id)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Connected | WorkerChanged):
            return
        job = self._by_position[event.index]
        index_in_job = event.index - job.cells[0].position
        if isinstance(event, Started):
            self._device.note_model(event.params.model)
        _take_event(self._batch, job, dataclasses.replace(event, index=index_in_job))


def _begin(batch: Batch, job: Job, *, start: int) -> PictureJob:
    """Start a job's log, and resolve its cells. start: the position of its first cell."""
    log = batch.workplace.event_logs.start(job.id)
    recipes = [GenerationParams(**recipe) for recipe in job.recipes]
    identities = identify_all(recipes, batch.compute, download=False)
    inputs = Inputs(batch.store.root, write=True)
    cells = resolve(recipes, identities, start=start, inputs=inputs)
    complete = [cell.params for cell in cells]
    log.steps = sum(steps_of(params) for params in complete)
    return PictureJob(job, log, cells, Pace(Work.of(complete)))


def _take_event(batch: Batch, job: PictureJob, event: CellEvent) -> None:
    """Note an event of one of a job's cells; end the job with its last picture."""
    index = event.index
    job.pace.update(event)
    job.log.seconds_left = job.pace.left
    if isinstance(event, Started):
        job.log.add("started", {"index": index})
    elif isinstance(event, Step):
        job.log.add_step(event, len(job.cells))
    elif isinstance(event, Failed):
        job.errors[index] = event.error
        job.log.add("failed", {"index": index, "error": event.error})
    elif isinstance(event, Done) and index not in job.keys:
        _take_picture(batch, job, index, event.result)
    if isinstance(event, Done | Failed) and job.over:
        _end(batch, job)


def _take_picture(batch: Batch, job: PictureJob, index: int, picture: object) -> None:
    if not isinstance(picture, Picture | Reused):
        raise TypeError(f"a picture was expected, not {picture!r}")
    how = "reused" if isinstance(picture, Reused) else "made"
    batch.workplace.metrics.pictures.labels(how).inc()
    job.keys[index] = picture.key
    job.errors.pop(index, None)
    (url,) = _urls(batch.store, [picture.key])
    job.log.add("done", {"index": index, "image_url": url})


def _end(batch: Batch, job: PictureJob) -> None:
    keys = [job.keys[index] for index in sorted(job.keys)]
    result = {
        "keys": keys,
        "images": _urls(batch.store, keys),
        "warning": nan_warning(batch.store.metrics.nan_shares(keys), len(keys)),
    }
    if job.errors:
        first_error = job.errors[min(job.errors)]
        batch.fail(job.job, first_error, result)
    else:
        batch.complete(job.job, result)


def _urls(store: Store, keys: list[str]) -> list[str]:
    """The addresses of the pictures of some keys, in their order."""
    images = store.cells.finished(keys)
    return [f"/{images[key]}" for key in keys if key in images]
