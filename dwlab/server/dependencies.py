"""What routes depend on: the server's state, and the job that a path names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, HTTPException, Request

from .jobs.job import Job
from .state import ServerState


async def server_state(request: Request) -> ServerState:
    """What the application holds together."""
    state: ServerState = request.app.state.server
    return state


State = Annotated[ServerState, Depends(server_state)]


async def existing_job(job_id: str, state: State) -> Job:
    """The job of that id; 404 if there is none."""
    job = await state.store.run(lambda opened: opened.queue.get(job_id))
    if job is None:
        raise no_such_job()
    return job


def no_such_job() -> HTTPException:
    """The answer for an id that no job has."""
    return HTTPException(404, "there is no such job")


def client_of(request: Request) -> str:
    """The address that a request comes from; empty if it is not known."""
    return request.client.host if request.client else ""


ExistingJob = Annotated[Job, Depends(existing_job)]
IdempotencyKey = Annotated[str | None, Header(max_length=255, min_length=1)]
