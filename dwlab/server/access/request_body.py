"""The body of a request: at most so large, and read to its end also when it is not wanted.

A client that is still sending when the connection closes sees a broken pipe in place of the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from fastapi import HTTPException

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.types import Message, Receive, Send

DROPPED_BYTES = 8 << 20  # of a body that nobody wants, before the connection is closed
DROPPED_SECONDS = 20.0  # that a client has to send them


def too_large(limit: int) -> str:
    """What a client hears whose body is larger than `limit` bytes."""
    return f"the body is larger than {limit:,} bytes"


def announced(headers: Headers) -> int | None:
    """The length that a request gives its body in bytes, 0 without a body; None for one that is not a length."""
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() and len(length) <= 15 else None


class Body:
    """What a client sends after its headers; `receive` and `send` are the server's, and are used through this."""

    def __init__(self, receive: Receive, send: Send, headers: Headers, limit: int) -> None:
        self._receive, self._send, self._limit = receive, send, limit
        self._left = "transfer-encoding" in headers or announced(headers) != 0
        self._waits = headers.get("expect", "").lower() == "100-continue"
        self._taken = 0

    async def receive(self) -> Message:
        """The next part; raises HTTPException 413, which the routes let through, once there are more than `limit` bytes."""
        message = await self._next()
        if self._taken > self._limit:
            raise HTTPException(413, too_large(self._limit))
        return message

    async def send(self, message: Message) -> None:
        """Answer; what the client is still sending is dropped before the answer ends."""
        if message["type"] == "http.response.start":
            if self._left:
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
                self._left = not self._waits  # for a word before it sends, which it now never gets
            await self._send(message)
        elif self._left and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._drop()
            await self._send({"type": "http.response.body", "body": b""})
        else:
            await self._send(message)

    async def _next(self) -> Message:
        message = await self._receive()
        self._waits = False
        self._taken += len(message.get("body", b""))
        self._left = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def _drop(self) -> None:
        most = self._taken + DROPPED_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DROPPED_SECONDS):
                while self._left and self._taken <= most:
                    await self._next()
