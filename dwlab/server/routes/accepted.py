"""The answer to a request that became a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..schemas import Accepted, Status

if TYPE_CHECKING:
    from ..jobs.job import Job


def accepted(job: Job) -> Accepted:
    """Where to find a job, and the seed of its first picture."""
    recipes = job.recipes
    seed = recipes[0].get("seed") if recipes else None
    return Accepted(
        job_id=job.id,
        status=cast("Status", job.status),
        status_url=f"/api/status/{job.id}",
        events_url=f"/api/events/{job.id}",
        seed=None if seed is None else str(seed),
    )
