"""`/api/events`: a job's events as they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header
from fastapi.responses import Response, StreamingResponse

from ..dependencies import State, no_such_job
from ..error_handlers import Responses, error_responses
from ..events.event_stream import LAST_EVENT_ID, EventStream
from ..jobs.job import ENDED

if TYPE_CHECKING:
    from ..jobs.job import JsonObject

router = APIRouter()
RESPONSES: Responses = {
    **error_responses(404, 422),
    200: {"content": {"text/event-stream": {}}},
    204: {"description": "the client has seen all events"},
}


@router.get("/api/events/{job_id}", response_class=StreamingResponse, responses=RESPONSES)
async def events(
    job_id: str,
    state: State,
    last_event_id: Annotated[str, Header(max_length=100)] = "",
) -> Response:
    """A job's events as they happen: started, step (at times with a preview), done, failed.

    `end` comes last. After a lost connection, `Last-Event-ID` continues where it was.
    """
    if await _status(job_id, state) is None:
        raise no_such_job()
    if last_event_id == LAST_EVENT_ID:
        return Response(status_code=204)  # which tells an EventSource not to come back

    async def final_status() -> JsonObject | None:
        return await _final_status(job_id, state)

    stream = EventStream(state.event_logs, job_id, last_event_id)
    return StreamingResponse(
        stream.follow(final_status, state.closing),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store"},
    )


async def _status(job_id: str, state: State) -> str | None:
    return await state.store.run(lambda opened: opened.queue.status(job_id))


async def _final_status(job_id: str, state: State) -> JsonObject | None:
    """A job's status once it has ended, empty if it was forgotten; None before."""
    status = await _status(job_id, state)
    if status is not None and status not in ENDED:
        return None
    job = await state.store.run(lambda opened: opened.queue.get(job_id))
    return state.status(job).model_dump() if job else {}
