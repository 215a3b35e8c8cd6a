"""Errors as JSON answers, with the field that they are about."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from ..errors import DwlabError, InvalidInput, ModelError, NotDownloaded, StoreError
from ..store.picture_removal import PictureHeld
from .jobs.job_queue import QueueFull
from .schemas import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request

log = logging.getLogger(__name__)
RETRY = {"Retry-After": "5"}  # seconds that a client is told to wait
# the path of a field, like axes.steps[2]; `the body line 3 column 5` is not one
FIELD_PATH = re.compile(r"[A-Za-z_][\w-]{0,99}(\.\w{1,99}|\[\d{1,9}\]){0,5}")
Responses = dict[int | str, dict[str, Any]]  # of a route, for its OpenAPI document
EVERY_ROUTE = (400, 401, 403, 413, 503)  # statuses of errors that any route may answer with


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error as a `Problem`, also those of unknown paths and methods."""
    app.add_exception_handler(RequestValidationError, _invalid_request)  # type: ignore[arg-type]
    app.add_exception_handler(DwlabError, _dwlab_error)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http_error)  # type: ignore[arg-type]


def error_responses(*statuses: int) -> Responses:
    """The errors in a route's OpenAPI document: these statuses besides those of every route."""
    return {status: {"model": Problem} for status in (*EVERY_ROUTE, *statuses)}


async def _invalid_request(_: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    field = str(first["loc"][-1])
    return _answer(422, f"{field}: {first['msg']}", field)


async def _dwlab_error(_: Request, error: DwlabError) -> Response:
    if isinstance(error, QueueFull):
        return _answer(429, str(error), headers=RETRY)
    if isinstance(error, InvalidInput):
        return _answer(422, str(error), error.field)
    if isinstance(error, PictureHeld):
        return _answer(409, str(error))
    if isinstance(error, NotDownloaded):
        return _answer(409, str(error), "model")
    if isinstance(error, ModelError):
        return _answer(422, str(error), "model")
    log.error("%s", error)
    detail = str(error)
    if isinstance(error, StoreError):  # which names folders of this machine
        detail = "the results folder cannot be used at the moment; see the server's log"
    return _answer(503, detail, headers=RETRY)


async def _http_error(_: Request, error: HTTPException) -> Response:
    return _answer(error.status_code, str(error.detail), headers=error.headers)


def _answer(
    status: int,
    detail: str,
    field: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    path = field if field and FIELD_PATH.fullmatch(field) else None
    # ASCII, because UTF-8 cannot hold a lone surrogate
    body = json.dumps({"detail": detail, "field": path}).encode()
    return Response(body, status, headers, "application/json")
