"""The token, as a bearer token or as a password."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING

from .refusal import Refused

if TYPE_CHECKING:
    from starlette.datastructures import Headers


def check_token(headers: Headers, token: str) -> None:
    """Refuse a request without the token; it may be a bearer token or the password of any user."""
    sent = _sent_token(headers.get("authorization", ""))
    if sent is None or not secrets.compare_digest(
        sent.strip().encode("utf-8", "replace"), token.encode()
    ):
        raise Refused(
            401,
            "a token is required: send Authorization: Bearer TOKEN, or the token as a password",
            ("WWW-Authenticate", 'Bearer realm="dwlab"'),
            ("WWW-Authenticate", 'Basic realm="dwlab"'),
        )


def _sent_token(authorization: str) -> str | None:
    kind, _, credentials = authorization.partition(" ")
    if kind.lower() == "bearer":
        return credentials
    if kind.lower() != "basic":
        return None
    try:
        user_and_password = base64.b64decode(credentials, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return None
    return user_and_password.partition(":")[2]
