"""The layer around all routes: refuses requests, adds security headers, writes the access log."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect

from .content_type import check_content_type
from .host_and_origin import check_host, check_origin
from .rate_limit import RateLimit
from .refusal import Refused, answer
from .request_body import RequestBody, body_limit, check_announced_length
from .security_headers import SECURITY_HEADERS
from .token_check import check_token

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ..prometheus_metrics import ServerMetrics
    from ..settings import ServerSettings

log = logging.getLogger(__name__)
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class AccessMiddleware:
    """Lets a request in, or answers it with 400, 401, 403, 413, 415 or 429."""

    def __init__(self, app: ASGIApp, settings: ServerSettings, metrics: ServerMetrics) -> None:
        self._app = app
        self._metrics = metrics
        self._hosts = settings.hosts
        self._origins = {origin.rstrip("/").lower() for origin in settings.cors_origins}
        self._token = settings.token.get_secret_value() if settings.token else None
        self._rate_limit = RateLimit(settings.rate_limit)
        self._upload_bytes = settings.upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":  # start and end of the application; there are no websockets
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = body_limit(scope["path"], self._upload_bytes)
        body = RequestBody(receive, send, headers, limit)
        response = _Response(body.send, scope, self._metrics)
        try:
            self._check(scope, headers)
            check_announced_length(headers, limit)
            await self._app(scope, body.receive, response.send)
        except Refused as refusal:
            await answer(response.send, refusal)
        except (ClientDisconnect, asyncio.CancelledError):
            return  # nobody is left to answer, or the server stops and has waited for this client
        except Exception:
            if not response.started:
                await answer(response.send, Refused(500, "the server failed; see its log"))
            raise  # for the log

    def _check(self, scope: Scope, headers: Headers) -> None:
        """Raise Refused for a request that is not let in."""
        changes_something = scope["method"] not in SAFE_METHODS
        check_host(headers, self._hosts)
        if changes_something:
            check_origin(headers, self._origins)
        if self._token is not None:
            check_token(headers, self._token)
        if scope["method"] == "POST":
            check_content_type(scope["path"], headers)
        if changes_something:
            wait = self._rate_limit.seconds_to_wait(_client(scope))
            if wait:
                retry = ("Retry-After", str(wait))
                raise Refused(429, "too many requests; try again later", retry)


class _Response:
    """One answer: adds the security headers, counts and logs it when it starts."""

    def __init__(self, send: Send, scope: Scope, metrics: ServerMetrics) -> None:
        self.started = False
        self._send = send
        self._scope = scope
        self._metrics = metrics
        self._began = time.perf_counter()

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            self._note(message["status"], time.perf_counter() - self._began)
            self.started = True
        await self._send(message)

    def _note(self, status: int, seconds: float) -> None:
        scope = self._scope
        route = getattr(scope.get("route"), "path", "other")
        known = scope["method"] in (*SAFE_METHODS, "POST", "DELETE")
        method = scope["method"] if known else "other"
        self._metrics.requests.labels(method, route, status).inc()
        self._metrics.latency.labels(route).observe(seconds)
        log.info(
            "%s %s %s %d %.0f ms",
            _client(scope) or "-",
            scope["method"],
            ascii(scope["path"][:200])[1:-1],
            status,
            1000 * seconds,
        )


def _client(scope: Scope) -> str:
    """The client's address; empty if it is not known."""
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else ""
