"""The answer to a request that became a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..requests import seed_text
from ..schemas import Accepted, Status

if TYPE_CHECKING:
    from ..jobs.job import Job


def accepted(job: Job) -> Accepted:
    """Where to find a job, and the seed of its first picture."""
    recipes = job.recipes
    return Accepted(
        job_id=job.id,
        status=cast("Status", job.status),
        status_url=f"/api/status/{job.id}",
        events_url=f"/api/events/{job.id}",
        seed=seed_text.text(recipes[0].get("seed")) if recipes else None,
    )
