"""A checked request becomes a job; it is completed at once if all its pictures are stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import NotDownloaded
from ...pictures.inputs import Inputs
from ...pictures.not_finite import nan_warning
from ...runs.resolve import identify_all, resolve
from ...spec.rows import rows_of
from ...store.images import is_whole
from .job import API_EXPERIMENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...spec.compute import Compute
    from ...spec.params import GenerationParams
    from ...store.store import Store
    from ..store_thread import OpenStore
    from .job import Job, JsonObject

PIXELS_OF_A_ROW = 512 * 512


@dataclass(frozen=True)
class NewJob:
    """A request that was checked. request: what the job's row keeps.

    recipes: those of its pictures; none for a sweep. text: the same for equal requests. client: the
    address that it came from. cost: in rows of the denoiser of 512 by 512 pixels.
    """

    request: JsonObject
    recipes: Sequence[GenerationParams]
    text: str
    idempotency_key: str | None
    client: str
    cost: float

    @property
    def alike(self) -> str | None:
        """The same for jobs that may be rendered together; None for a sweep."""
        if not self.recipes:
            return None
        first = self.recipes[0]  # the others differ in their seed
        return f"{first.model} {first.dtype} {first.width}x{first.height}"

    @property
    def fingerprint(self) -> str:
        """By which a request that is sent again is recognised."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class SubmittedJob:
    """The job of a request. reused: pictures that were stored already, for a new job."""

    job: Job
    reused: int = 0


def cost_of(recipes: Iterable[GenerationParams]) -> float:
    """What pictures cost the denoiser, in rows of 512 by 512 pixels."""
    return sum(rows_of(recipe) * recipe.pixels for recipe in recipes) / PIXELS_OF_A_ROW


def submit(
    opened: OpenStore, new_job: NewJob, *, compute: Compute, may_reuse: bool
) -> SubmittedJob:
    """Queue a request as a job; with `may_reuse`, complete it if all its pictures are stored.

    Raises InvalidInput for recipes that no picture can have, QueueFull for a full queue.
    """
    result = None
    if may_reuse and new_job.recipes:
        result = _stored_result(opened.store, new_job.recipes, compute)
    submission = opened.queue.submit(
        new_job.request,
        alike=new_job.alike,
        client=new_job.client,
        cost=new_job.cost,
        idempotency_key=new_job.idempotency_key,
        fingerprint=new_job.fingerprint,
        result=result,
    )
    is_completed_now = submission.is_new and result is not None
    return SubmittedJob(submission.job, len(new_job.recipes) if is_completed_now else 0)


def _stored_result(
    store: Store, recipes: Sequence[GenerationParams], compute: Compute
) -> JsonObject | None:
    """The result of recipes whose pictures are all stored, which become the latest of the API.

    None if a picture is missing or damaged.
    """
    try:
        identities = identify_all(recipes, compute, download=False)
    except NotDownloaded:
        return None
    keys = [cell.key for cell in resolve(recipes, identities, inputs=Inputs(store.root))]
    images = store.cells.finished(keys)
    for key in keys:
        if key not in images or not is_whole(store.root / images[key]):
            return None
    store.experiments.enter(API_EXPERIMENT, {"name": API_EXPERIMENT})
    # clean-up removes pictures first that were requested longest ago
    store.history.append(API_EXPERIMENT, keys)
    return {
        "keys": keys,
        "images": [f"/{images[key]}" for key in keys],
        "warning": nan_warning(store.metrics.nan_shares(keys), len(keys)),
    }
