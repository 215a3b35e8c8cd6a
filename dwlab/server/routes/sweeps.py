"""`POST /api/sweeps`: requests for sweeps."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request

from ..access.content_type import JSON_TYPES, YAML_TYPES, content_type
from ..dependencies import IdempotencyKey, State, client_of
from ..error_handlers import error_responses
from ..jobs.submission import NewJob, cost_of
from ..requests.sweep_request import read_sweep
from ..requests.sweep_schema import SWEEP_SCHEMA
from ..schemas import Accepted
from .accepted import accepted

if TYPE_CHECKING:
    from ...runs.sweep import Sweep

router = APIRouter()
BODY = {
    "required": True,
    "content": {kind: {"schema": SWEEP_SCHEMA} for kind in (JSON_TYPES[0], YAML_TYPES[0])},
}


@router.post(
    "/api/sweeps",
    status_code=202,
    responses=error_responses(409, 415, 422, 429),
    openapi_extra={"requestBody": BODY},
)
async def sweep(request: Request, state: State, idempotency_key: IdempotencyKey = None) -> Accepted:
    """Run a sweep: an experiment file's YAML, or the same as JSON."""
    read = functools.partial(
        read_sweep,
        await request.body(),
        is_yaml=content_type(request.headers) in YAML_TYPES,
        settings=state.settings,
        root=state.root,
    )
    spec = await state.read_body(read)
    content = {"sweep": spec.as_dict()}
    new_job = NewJob(
        request=content,
        recipes=[],
        text=json.dumps(content, sort_keys=True),
        idempotency_key=idempotency_key,
        client=client_of(request),
        cost=await state.read_body(functools.partial(_cost, spec, state.settings.max_cells)),
    )
    return accepted(await state.submit(new_job))


def _cost(spec: Sweep, limit: int) -> float:
    return cost_of(cell.params for cell in spec.cells(limit=limit))
