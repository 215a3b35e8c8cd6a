"""By which names the server may be called, and pages of which origins may change something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.datastructures import Headers


def check_host(headers: Headers, allowed: Collection[str]) -> None:
    """Refuse a request that calls the server by a name that is not allowed; `*` allows any."""
    host_without_port = re.sub(r":\d+$", "", _host(headers))
    if "*" not in allowed and host_without_port not in allowed:
        raise Refused(
            403, "this server does not answer to that host name; set allowed_hosts to allow it"
        )


def check_origin(headers: Headers, allowed: Collection[str]) -> None:
    """Refuse a change that a page of another site requests, unless CORS allows its origin."""
    origin = headers.get("origin")
    if origin is None:
        if headers.get("sec-fetch-site") == "cross-site":
            raise Refused(403, "requests from other sites are not accepted")
        return
    name = origin.rstrip("/").lower()
    any_site = "*" in allowed and name != "null"
    if not (_is_own(origin, _host(headers)) or name in allowed or any_site):
        raise Refused(
            403, "requests from that origin are not accepted; set cors_origins to allow it"
        )


def _host(headers: Headers) -> str:
    return headers.get("host", "").lower()


def _is_own(origin: str, host: str) -> bool:
    """Whether an origin is this server's own."""
    try:
        parts = urlsplit(origin)
        return parts.netloc.lower() == host and parts.scheme in ("http", "https")
    except ValueError:  # brackets that hold no address
        return False
