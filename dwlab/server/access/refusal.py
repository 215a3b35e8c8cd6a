"""A request that is not let in, and its answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Send


class Refused(Exception):
    """A request that is not let in: HTTP status, message, and headers, of which one may repeat."""

    def __init__(self, status: int, detail: str, *headers: tuple[str, str]) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


async def answer(send: Send, refusal: Refused) -> None:
    """Answer a request that is not let in, in the form of all errors."""
    body = json.dumps({"detail": refusal.detail, "field": None}).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        *refusal.headers,
    ]
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": refusal.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
