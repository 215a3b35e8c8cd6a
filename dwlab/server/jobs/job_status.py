"""Jobs as the API answers them: all of one, or a summary for a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ...errors import shortened
from ...paths import network_name
from ...spec import schedulers
from ..requests import seed_text
from ..schemas import JobProgress, JobStatus, JobSummary, Status
from .job import API_EXPERIMENT
from .statements import LISTED_IMAGES

if TYPE_CHECKING:
    from ..events.job_events import RunProgress
    from .job import Job, JsonObject, ListedJob

LISTED_TEXT = 200  # characters of a text in a list


def status_of(job: Job, run: RunProgress) -> JobStatus:
    """All of a job, with how far its run in this process is."""
    sweep = job.sweep
    counts = job.result.get("counts")
    planned = sum(recipe.get("steps", 0) for recipe in job.recipes)
    images = job.result.get("images") or run.images
    return JobStatus(
        job_id=job.id,
        kind="sweep" if sweep else "generate",
        status=_status(job),
        created=job.created,
        experiment=network_name(sweep["name"]) if sweep else API_EXPERIMENT,
        progress=_progress(job, run, planned, counts),
        image_url=images[0] if images else None,
        images=images,
        parameters=seed_text.as_text(sweep) if sweep else _parameters(job.recipes),
        automatic=job.request.get("automatic", []),
        seconds=_rounded(job.seconds, 3),
        attempts=job.attempts,
        counts=counts,
        error=job.error,
        warning=job.result.get("warning"),
        found=job.result.get("found"),
    )


def summary_of(job: ListedJob, run: RunProgress) -> JobSummary:
    """A job for a list, with how far its run in this process is."""
    recipe = job.recipe or {}
    num_images = job.num_images or 1
    planned = recipe.get("steps", 0) * num_images
    images = (job.images or run.images)[:LISTED_IMAGES]
    if job.sweep_name:
        parameters = {"name": job.sweep_name, "model": job.sweep_model or "shapes"}
    else:
        parameters = _parameters([recipe] * num_images)
    return JobSummary(
        job_id=job.id,
        kind="sweep" if job.sweep_name else "generate",
        status=_status(job),
        created=job.created,
        experiment=network_name(job.sweep_name) if job.sweep_name else API_EXPERIMENT,
        progress=_progress(job, run, planned, job.counts),
        image_url=images[0] if images else None,
        images=images,
        image_count=job.image_count or len(run.images),
        parameters={name: _cut(value) for name, value in parameters.items()},
        seconds=_rounded(job.seconds, 3),
        attempts=job.attempts,
        counts=job.counts,
        error=None if job.error is None else shortened(job.error, LISTED_TEXT),
        warning=job.warning,
    )


def _status(job: Job | ListedJob) -> Status:
    return cast("Status", job.status)  # the store holds no other words


def _progress(
    job: Job | ListedJob, run: RunProgress, planned: int, counts: dict[str, int] | None
) -> JobProgress:
    """Steps done of steps in all; `planned` steps if its run has not told how many there are."""
    steps = run.steps or planned
    step = run.step
    if job.status == "completed":
        steps = (counts or {}).get("total", steps)
        step = steps
    left = run.seconds_left if job.status == "running" else None
    return JobProgress(step=step, steps=steps, seconds_left=_rounded(left, 1))


def _rounded(seconds: float | None, digits: int) -> float | None:
    return None if seconds is None else round(seconds, digits)


def _cut(value: object) -> object:
    return shortened(value, LISTED_TEXT) if isinstance(value, str) else value


def _parameters(recipes: list[JsonObject]) -> JsonObject:
    """The pictures that were requested, in the words of a request.

    A scheduler's familiar name replaces its options, if there is one that says them all.
    """
    first = dict(recipes[0])
    options = first.get("scheduler_options", {})
    name = schedulers.display_name(first.get("scheduler", ""), options)
    if name in schedulers.ALIASES:
        first["scheduler"] = name
        first.pop("scheduler_options", None)
    seed = seed_text.text(first.get("seed"))
    return first | {"seed": seed, "num_images": len(recipes)}
