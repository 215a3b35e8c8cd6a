"""`/` and `/api/health`: what the server has, and how it is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request

from ... import __version__
from .. import schemas
from ..dependencies import State
from ..error_handlers import error_responses

if TYPE_CHECKING:
    from ..worker.device import Device
    from ..worker.worker import Worker

router = APIRouter()


@router.get("/", responses=error_responses())
async def root(request: Request) -> schemas.Welcome:
    """The server's name and version, and its endpoints."""
    endpoints = []
    for path, methods in request.app.openapi()["paths"].items():
        endpoints += [f"{method.upper()} {path}" for method in methods]
    return schemas.Welcome(
        name="dwlab", version=__version__, docs="/docs", ui="/ui", endpoints=endpoints
    )


@router.get("/api/health", responses=error_responses())
async def health(state: State) -> schemas.Health:
    """The state of the server; answers at once, however busy it is."""
    counts = await state.store.count_jobs()
    worker = state.worker
    return schemas.Health(
        status="healthy" if worker.alive else "unhealthy",
        model_loaded=worker.loaded is not None,
        model=worker.loaded or state.settings.model,
        device=worker.device,
        queue=schemas.QueueCounts(queued=counts["queued"], running=counts["running"]),
        workers=[_state(worker, device) for device in worker.devices],
        version=__version__,
        uptime_seconds=round(time.monotonic() - state.started_at, 1),
    )


def _state(worker: Worker, device: Device) -> schemas.WorkerState:
    return schemas.WorkerState(
        name=device.name,
        device=device.device,
        model=device.model,
        requests=worker.jobs_on(device),
        sweep=device.sweep or None,
    )
