"""`POST /api/generate`: requests for pictures."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request

from ..access.content_type import JSON_TYPES
from ..dependencies import IdempotencyKey, State, client_of
from ..error_handlers import error_responses
from ..jobs.submission import NewJob, cost_of
from ..requests.generate_request import GenerateRequest
from ..schemas import Accepted
from .accepted import accepted

router = APIRouter()
BODY = {
    "required": True,
    "content": {JSON_TYPES[0]: {"schema": GenerateRequest.model_json_schema()}},
}


@router.post(
    "/api/generate",
    status_code=202,
    responses=error_responses(409, 415, 422, 429),
    openapi_extra={"requestBody": BODY},
)
async def generate(
    request: Request, state: State, idempotency_key: IdempotencyKey = None
) -> Accepted:
    """Request pictures. The same `Idempotency-Key` returns the job of the first such request."""
    body = await request.body()
    wanted = await asyncio.to_thread(GenerateRequest.read, body)
    # in a thread, because it may look for a model on the disk
    recipes = await asyncio.to_thread(wanted.params, state.settings, state.root)
    new_job = NewJob(
        request={
            "params": [recipes[0].as_dict()],
            "num_images": len(recipes),
            "automatic": wanted.automatic,
        },
        recipes=recipes,
        text=wanted.model_dump_json(),
        idempotency_key=idempotency_key,
        client=client_of(request),
        cost=cost_of(recipes),
    )
    return accepted(await state.submit(new_job))
