"""The body of a request: limited in size, and read to its end even if it is not wanted.

A client that is still sending when the connection closes sees a broken pipe instead of the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from fastapi import HTTPException

from .refusal import Refused

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.types import Message, Receive, Send

BODY_BYTES = 1 << 18
SWEEP_BYTES = 1 << 20
DISCARDED_BYTES = 8 << 20  # of a body that is not wanted, before the connection is closed
DISCARD_SECONDS = 20.0  # that a client has to send them


def body_limit(path: str, upload_bytes: int) -> int:
    """How many bytes the body of a request to a path may have. upload_bytes: of a picture's file."""
    if path == "/api/inputs":
        # base64 has four characters for three bytes; the rest is for what stands around it
        return upload_bytes * 4 // 3 + BODY_BYTES
    return SWEEP_BYTES if path == "/api/sweeps" else BODY_BYTES


def check_announced_length(headers: Headers, limit: int) -> None:
    """Refuse a request whose header announces more than `limit` bytes, or no valid length."""
    length = _announced_length(headers)
    if length is None or length > limit:
        raise Refused(413, _too_large(limit))


def _too_large(limit: int) -> str:
    return f"the body is larger than {limit:,} bytes"


def _announced_length(headers: Headers) -> int | None:
    """The body's length according to its header: 0 without a body, None if it is not a length."""
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() and len(length) <= 15 else None


class RequestBody:
    """What a client sends after its headers; wraps the server's `receive` and `send`."""

    def __init__(self, receive: Receive, send: Send, headers: Headers, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._received_bytes = 0
        self._has_more = "transfer-encoding" in headers or _announced_length(headers) != 0
        # the client sends nothing before it is told to
        self._expects_word = headers.get("expect", "").lower() == "100-continue"

    async def receive(self) -> Message:
        """The next part. Raises HTTPException 413, which routes pass on, beyond `limit` bytes."""
        message = await self._next()
        if self._received_bytes > self._limit:
            raise HTTPException(413, _too_large(self._limit))
        return message

    async def send(self, message: Message) -> None:
        """Answer; what the client is still sending is discarded before the answer ends."""
        if message["type"] == "http.response.start":
            if self._has_more:
                headers = [*message["headers"], (b"connection", b"close")]
                message = {**message, "headers": headers}
                self._has_more = not self._expects_word  # which it now never gets
            await self._send(message)
        elif self._has_more and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._discard()
            await self._send({"type": "http.response.body", "body": b""})
        else:
            await self._send(message)

    async def _next(self) -> Message:
        message = await self._receive()
        self._expects_word = False
        self._received_bytes += len(message.get("body", b""))
        self._has_more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def _discard(self) -> None:
        limit = self._received_bytes + DISCARDED_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_SECONDS):
                while self._has_more and self._received_bytes <= limit:
                    await self._next()
