"""`/api/status` and `/api/jobs`: how far jobs are, their list, and cancelling one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from .. import schemas
from ..dependencies import ExistingJob, State, no_such_job
from ..error_handlers import error_responses

router = APIRouter()


@router.get("/api/status/{job_id}", responses=error_responses(404, 422))
async def status(job: ExistingJob, state: State) -> schemas.JobStatus:
    """How far a job is, and its pictures once it is done."""
    return state.status(job)


@router.get("/api/jobs", responses=error_responses(422))
async def jobs(
    state: State,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    status: schemas.Status | None = None,
) -> schemas.JobList:
    """Jobs in summary, newest first; `/api/status/{job_id}` has all of one."""
    listed = await state.store.run(lambda opened: opened.queue.newest(limit, offset, status))
    return schemas.JobList(jobs=[state.summary(job) for job in listed])


@router.delete("/api/jobs/{job_id}", responses=error_responses(404, 422, 429))
async def cancel(job_id: str, state: State) -> schemas.JobStatus:
    """Cancel a job.

    A queued job never begins, a running one stops within a step; one that has ended stays as it is.
    """
    job = await state.store.run(lambda opened: opened.queue.cancel(job_id))
    if job is None:
        raise no_such_job()
    state.worker.drop(job.id)
    return state.status(job)
