"""`/metrics`: the server's numbers for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from ..dependencies import State
from ..error_handlers import Responses, error_responses

router = APIRouter()
RESPONSES: Responses = {
    **error_responses(),
    200: {"content": {"text/plain": {}}},
}


@router.get("/metrics", response_class=Response, responses=RESPONSES)
async def metrics(state: State) -> Response:
    """The server's numbers, for Prometheus."""
    worker = state.worker
    state.metrics.note_workers(
        {(device.name, device.device): worker.jobs_on(device) for device in worker.devices}
    )
    return Response(
        state.metrics.text(await state.store.count_jobs()),
        media_type="text/plain; version=0.0.4; charset=utf-8",
    )
