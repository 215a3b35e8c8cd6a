"""Measures finished pictures of an experiment: in batches, on a device, what was not known yet."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import InvalidInput, first_line
from ..metrics.batches import Subject, in_batches
from ..metrics.metric import Scope
from ..metrics.setup import Setup
from ..models import device as devices
from ..spec.metric_requests import FIELD
from ..store import images
from ..store.measurements import Measurement
from .companions import Picture, companions
from .metric_jobs import check_column, missing_model
from .own_code import keep_code_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from PIL import Image

    from ..metrics.batches import Batch
    from ..store.store import Store
    from .metric_jobs import Job

    # told of a column, how many pictures of it are done, and of how many
    Listener = Callable[[str, int, int], None]


SHOWN = 3  # pictures without a value that a report names


@dataclass(frozen=True)
class Report:
    """How measuring a column ended.

    pictures: that it can be measured of. known: values that were there before. measured: new ones.
    failed: pictures without a value, because their file is missing or measuring failed.
    reasons: why some of these failed, by key. edited: whether the code of the metric is another one
    than that of the values that were there, under the same version.
    """

    column: str
    pictures: int
    known: int
    measured: int
    failed: int = 0
    reasons: dict[str, str] = field(default_factory=dict)
    edited: bool = False

    def __str__(self) -> str:
        text = f"{self.column}: {self.measured:,} pictures measured"
        if self.known:
            text += f", {self.known:,} known before"
        if self.failed:
            text += f", {self.failed:,} without a value"
            reasons = [f"cell {key[:10]}: {reason}" for key, reason in self.reasons.items()]
            more = ["and others, which -v names"] * (self.failed > SHOWN)
            text += f" ({'; '.join([*reasons[:SHOWN], *more])})"
        if self.edited:
            text += "; its code was edited, so that older values are not used"
        return text


def measure_in_run(
    store: Store,
    experiment: str,
    jobs: Sequence[Job],
    device: str,
    *,
    on_progress: Listener | None = None,
    cancel: threading.Event | None = None,
) -> tuple[str, ...]:
    """Measure a sweep's metrics after its last picture; what goes wrong becomes notes, not errors."""
    notes = []
    for job in jobs:
        if cancel and cancel.is_set():
            break
        own = job.request.own
        if own is not None and not own.is_here:
            notes.append(
                f"{job.request.column} was not measured: a notebook that is gone defined it"
            )
            continue
        try:
            report = measure(
                store, experiment, job, device=device, on_progress=on_progress, cancel=cancel
            )
        # the pictures are finished, whatever goes wrong here
        except Exception as error:  # noqa: BLE001
            notes.append(f"{job.request.column} was not measured: {first_line(error)}")
            continue
        if report.failed or report.edited:
            notes.append(str(report))
    return tuple(notes)


def measure(
    store: Store,
    experiment: str,
    job: Job,
    *,
    device: str = "auto",
    on_progress: Listener | None = None,
    cancel: threading.Event | None = None,
) -> Report:
    """Measure a metric of an experiment's finished pictures, and store it as a column of its table.

    Values that were computed before from the same pictures, by the same version, options and
    weights, are taken from the store. on_progress: called after each batch. cancel: once it is set,
    measuring ends after a batch, and what is done is kept. Raises InvalidInput if there is no
    picture to measure, and ModelError for a network that does not load.
    """
    column = job.request.column
    pictures = _pictures(store, experiment, job)
    check_column(job.request, {name for picture in pictures for name in picture.axes})
    others = _companions(store, experiment, job, pictures)
    if others is not None:
        pictures = [picture for picture in pictures if picture.key in others]
    if not pictures:
        raise InvalidInput(FIELD, column, f"a sweep with {job.metric.scope.value}")
    sources = _sources(job, pictures, others)
    known = store.measurements.known(list(sources.values()))
    ready = [
        Measurement(picture.key, sources[picture.key], known[sources[picture.key]])
        for picture in pictures
        if sources[picture.key] in known
    ]
    is_edited = _is_edited(store.measurements.facts(experiment).get(column), job)
    store.measurements.replace(experiment, column, list(sources.values()), ready, job.facts)
    todo = [picture for picture in pictures if sources[picture.key] not in known]
    if job.metric.code:
        keep_code_of(store.root, job.metric.code)
    measured = 0
    reasons: dict[str, str] = {}
    done = len(ready)
    for batch in _computed(store, job, device, pictures, todo, others):
        rows = [Measurement(key, sources[key], value) for key, value in batch.values.items()]
        store.measurements.add(experiment, column, rows)
        measured += len(rows)
        reasons |= batch.failures
        done += batch.pictures
        if on_progress:
            on_progress(column, done, len(pictures))
        if cancel and cancel.is_set():
            break
    failed = done - len(ready) - measured
    return Report(column, len(pictures), len(ready), measured, failed, reasons, is_edited)


def _is_edited(before: Mapping[str, object] | None, job: Job) -> bool:
    """Whether a metric's code changed since it was measured before, but not its version."""
    if not before or not job.metric.code:
        return False
    is_same_version = before.get("version") == job.metric.facts.version
    return is_same_version and before.get("code") != job.metric.code


def _computed(
    store: Store,
    job: Job,
    device: str,
    pictures: Sequence[Picture],
    todo: Sequence[Picture],
    others: Mapping[str, Sequence[Picture]] | None,
) -> Iterator[Batch]:
    """The values of the pictures to measure, batch by batch; nothing is loaded if there are none."""
    if not todo:
        return iter(())
    by_key = {picture.key: picture for picture in pictures}
    for companions_of_one in (others or {}).values():
        by_key |= {picture.key: picture for picture in companions_of_one}
    subjects = []
    for picture in todo:
        keys = tuple(other.key for other in (others or {}).get(picture.key, ()))
        subjects.append(Subject(picture.key, picture.params, keys))
    facts = job.metric.facts
    device = device if facts.device == "auto" else facts.device
    measurer = job.metric.make(Setup(job.request, devices.resolve(device), job.clip))
    return in_batches(
        job.request.column,
        job.metric.scope,
        measurer,
        subjects,
        functools.partial(_read, store.root, by_key),
        list(by_key),
        size=facts.batch,
    )


def _pictures(store: Store, experiment: str, job: Job) -> list[Picture]:
    """The finished pictures that a metric can be measured of."""
    pictures = []
    for row in store.measurements.pictures(experiment):
        picture = Picture(
            key=row.key,
            image=row.image,
            content=row.pixels or row.key,
            params=json.loads(row.params),
            axes=json.loads(row.axes),
        )
        pictures.append(picture)
    only = job.clip.model if job.clip else None
    if only is None:
        return pictures
    fitting = [picture for picture in pictures if picture.params.get("model") == only]
    if pictures and not fitting:
        raise missing_model(job.request, only)
    return fitting


def _companions(
    store: Store, experiment: str, job: Job, pictures: Sequence[Picture]
) -> dict[str, list[Picture]] | None:
    if job.metric.scope in (Scope.ALONE, Scope.SWEEP):
        return None
    groups = store.experiments.specs().get(experiment, {}).get("zip", ())
    return companions(job.metric.scope, job.request, pictures, groups)


def _sources(
    job: Job, pictures: Sequence[Picture], others: Mapping[str, Sequence[Picture]] | None
) -> dict[str, str]:
    """A hash of all that each value is computed from, by key."""
    request = job.request
    options: list[object] = [request.name, job.metric.facts.version, request.by, request.tolerance]
    network = job.clip.weights if job.clip else None
    everything = _digest(sorted(picture.content for picture in pictures))
    sources = {}
    for picture in pictures:
        compared: list[str] = []
        if job.metric.scope is Scope.SWEEP:
            compared = [everything]
        elif others is not None:
            compared = sorted(other.content for other in others[picture.key])
        prompt = picture.prompt if job.metric.options.reads_prompt else None
        parts = [*options, network, picture.content, prompt, compared]
        if job.metric.options.reads_cells:
            # the key stands for all of the recipe
            parts += [job.metric.code, picture.key]
        sources[picture.key] = _digest(parts)
    return sources


def _digest(parts: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _read(root: Path, pictures: Mapping[str, Picture], key: str) -> Image.Image:
    """A picture by its key; raises InvalidInput for a file that is missing or damaged."""
    image = images.read_picture(root / pictures[key].image)
    if image is None:
        raise InvalidInput("image", pictures[key].image, "a file that is there and whole")
    return image
