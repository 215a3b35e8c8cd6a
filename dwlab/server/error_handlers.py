"""What is answered in place of what was asked for: errors as JSON, with the field that they are about."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from ..errors import DwlabError, InvalidInput, ModelError, NotDownloaded, StoreError
from .jobs.job_queue import QueueFull
from .schemas import Problem

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

log = logging.getLogger(__name__)
RETRY_SECONDS = 5  # what a client is told to wait where the queue is full
PATH = re.compile(
    r"[A-Za-z_][\w-]{0,99}(\.\w{1,99}|\[\d{1,9}\]){0,5}"
)  # what a field of an error is


def explain(app: FastAPI) -> None:
    """Answer every error of the routes, and of paths and methods that there are not, as a `Problem`."""

    def answer(status: int, detail: str, field: str | None = None, **headers: str) -> Response:
        path = (
            field if field and PATH.fullmatch(field) else None
        )  # else it is no field: `the body line 3 column 5`
        body = json.dumps(
            {"detail": detail, "field": path}
        ).encode()  # ASCII: a lone surrogate has no UTF-8
        return Response(body, status, headers, "application/json")

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = str(first["loc"][-1])
        return answer(422, f"{field}: {first['msg']}", field)

    @app.exception_handler(DwlabError)
    async def known(_: Request, error: DwlabError) -> Response:
        if isinstance(error, QueueFull):
            return answer(429, str(error), **{"Retry-After": str(RETRY_SECONDS)})
        if isinstance(error, InvalidInput):
            return answer(422, str(error), error.field)
        if isinstance(error, NotDownloaded):
            return answer(409, str(error), "model")
        if isinstance(error, ModelError):
            return answer(422, str(error), "model")
        log.error("%s", error)
        text = "the results folder cannot be used just now; the server's log says why"
        return answer(
            503,
            text if isinstance(error, StoreError) else str(error),
            **{"Retry-After": str(RETRY_SECONDS)},
        )

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        return answer(error.status_code, str(error.detail), **(error.headers or {}))


def of(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer beside its own: these statuses and those of every route, for its OpenAPI document."""
    every = (400, 401, 403, 413, 503)
    return {status: {"model": Problem} for status in (*every, *statuses)}
