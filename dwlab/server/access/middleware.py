"""Who may ask what: the host's name, the origin, the token, the size and the rate of requests; one ASGI layer."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
import logging
import re
import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect

from ..access.request_body import Body, announced, too_large

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ..prometheus_metrics import Metrics
    from ..settings import Settings

log = logging.getLogger(__name__)
BODY_BYTES = 1 << 18
SWEEP_BYTES = 1 << 20
CLIENTS = 10_000  # that the rate limit remembers
SAFE = ("GET", "HEAD", "OPTIONS")
JSON, YAML = ("application/json",), ("application/yaml", "application/x-yaml", "text/yaml")
STRICT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": STRICT,
}


class Refused(Exception):
    """A request that is not let in: HTTP status, what to say, and headers, of which one may stand twice."""

    def __init__(self, status: int, detail: str, *headers: tuple[str, str]) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


class Guard:
    """Lets a request in, or answers it: 400, 401, 403, 413, 415 or 429. Adds security headers, writes the access log."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics
        self._hosts = settings.hosts
        self._origins = {origin.rstrip("/").lower() for origin in settings.cors_origins}
        self._token = settings.token.get_secret_value() if settings.token else None
        self._rate = Rate(settings.rate_limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":  # the start and the end; uvicorn is told to know no websockets
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                self._note(scope, message["status"], time.perf_counter() - began)
                started = True
            await body.send(message)

        headers = Headers(scope=scope)
        limit = SWEEP_BYTES if scope["path"] == "/api/sweeps" else BODY_BYTES
        body = Body(receive, send, headers, limit)
        try:
            self._check(scope, headers)
            if (length := announced(headers)) is None or length > limit:
                raise Refused(413, too_large(limit))  # noqa: TRY301  # answered below like all that are refused
            await self._app(scope, body.receive, sending)
        except Refused as no:
            await _answer(sending, no)
        except (ClientDisconnect, asyncio.CancelledError):
            return  # there is nobody to answer, or the server goes and has waited for this client
        except Exception:
            if not started:
                await _answer(sending, Refused(500, "the server failed; its log says why"))
            raise  # for the log

    def _check(self, scope: Scope, headers: Headers) -> None:
        host = headers.get("host", "").lower()
        if "*" not in self._hosts and re.sub(r":\d+$", "", host) not in self._hosts:
            raise Refused(
                403, "this server is not called by that name; set allowed_hosts to allow it"
            )
        if scope["method"] not in SAFE:
            self._check_origin(headers, host)
        if self._token is not None and not _carries(headers, self._token):
            raise Refused(
                401, "a token is needed: Authorization: Bearer TOKEN, or the token as a password",
                ("WWW-Authenticate", 'Bearer realm="dwlab"'), ("WWW-Authenticate", 'Basic realm="dwlab"'),
            )  # fmt: skip
        if scope["method"] not in SAFE:
            if scope["method"] == "POST":
                _check_type(scope["path"], headers)
            if wait := self._rate.wait((scope.get("client") or ("",))[0]):
                raise Refused(429, "too many requests; try again later", ("Retry-After", str(wait)))

    def _check_origin(self, headers: Headers, host: str) -> None:
        """A page of another origin may change something only where CORS lets it."""
        origin = headers.get("origin")
        if origin is None:
            if headers.get("sec-fetch-site") == "cross-site":
                raise Refused(403, "requests of other sites are not taken")
            return
        try:
            parts = urlsplit(origin)
            own = parts.netloc.lower() == host and parts.scheme in ("http", "https")
        except ValueError:  # brackets that hold no address
            own = False
        allowed = origin.rstrip("/").lower()
        if (
            not own
            and allowed not in self._origins
            and not ("*" in self._origins and allowed != "null")
        ):
            raise Refused(
                403, "requests of that origin are not taken; set cors_origins to allow it"
            )

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        self._metrics.requests.labels(
            scope["method"] if scope["method"] in (*SAFE, "POST", "DELETE") else "other",
            route,
            status,
        ).inc()
        self._metrics.latency.labels(route).observe(seconds)
        client = (scope.get("client") or ("-",))[0]
        log.info(
            "%s %s %s %d %.0f ms",
            client,
            scope["method"],
            ascii(scope["path"][:200])[1:-1],
            status,
            1000 * seconds,
        )


class Rate:
    """So many requests a minute and client, in bursts of as many; 0: no limit."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._seen: dict[str, tuple[float, float]] = {}  # client -> (requests left, when)

    def wait(self, client: str) -> int:
        """Whole seconds that this client has to wait; 0 lets it in."""
        if not self._per_minute:
            return 0
        at = time.monotonic()
        left, before = self._seen.pop(client, (float(self._per_minute), at))
        left = min(self._per_minute, left + (at - before) * self._per_minute / 60)
        wait = 0 if left >= 1 else int((1 - left) * 60 / self._per_minute) + 1
        self._seen[client] = (left if wait else left - 1, at)
        while len(self._seen) > CLIENTS:
            del self._seen[next(iter(self._seen))]
        return wait


def policy(page: str, more: str = "") -> str:
    """A content security policy that lets a page run its own inline scripts and styles, and nothing else inline."""

    def hashes(tag: str) -> str:
        found = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        return " ".join(
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
            for text in found
        )

    return (
        f"{STRICT}; script-src 'self' {hashes('script')}; style-src 'self' {more or hashes('style')}; "
        "img-src 'self' data: blob:; connect-src 'self'"
    )


def _carries(headers: Headers, token: str) -> bool:
    """Whether a request has the token, as a bearer token or as the password of any user."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode("latin-1").partition(":")[2]
        except (binascii.Error, ValueError):
            return False
    elif kind.lower() != "bearer":
        return False
    return secrets.compare_digest(given.strip().encode("utf-8", "replace"), token.encode())


def _check_type(path: str, headers: Headers) -> None:
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    allowed = (*JSON, *YAML) if path == "/api/sweeps" else JSON
    if given not in allowed:
        raise Refused(415, f"the body must be {' or '.join(allowed)}, with that Content-Type")


async def _answer(send: Send, no: Refused) -> None:
    body = json.dumps({"detail": no.detail, "field": None}).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        *no.headers,
    ]
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": no.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
