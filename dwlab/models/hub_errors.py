"""Explains errors of the hub by their cause, and says what to do about them."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from typing import TYPE_CHECKING, Any

from ..errors import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAIN = "run this again: complete files are kept"
_SIGN_IN = "sign in with `hf auth login` (or set HF_TOKEN)"
_BROKEN_CONNECTION = re.compile(
    "RemoteProtocolError|IncompleteRead|ReadError|ChunkedEncodingError|ConnectionReset|BrokenPipe"
)
_BROKEN_CONNECTION_TEXTS = (
    "Consistency check failed",
    "peer closed connection",
    "Connection broken",
)
_UNKNOWN_HOST_TEXTS = (
    "Name or service not known",
    "nodename nor servname",
    "name resolution",
    "getaddrinfo failed",
)


def explain(repo: str, error: BaseException) -> str:
    """One sentence on why a model could not be downloaded, with the remedy."""
    causes = list(_causes(error))
    for explain_cause in (_disk, _offline, _response, _network):
        for cause in causes:
            text = explain_cause(repo, cause)
            if text:
                return text
    return f"{_without_token(first_line(error))}; {AGAIN}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and its causes, the innermost last."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _disk(_repo: str, error: BaseException) -> str | None:
    from huggingface_hub.constants import HF_HUB_CACHE

    code = getattr(error, "errno", None)
    if not isinstance(error, OSError) or code is None:
        return None
    if code in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"the disk of {HF_HUB_CACHE} is full: free some space, or set HF_HOME to a folder on a "
            "larger disk"
        )
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{HF_HUB_CACHE} cannot be written: set HF_HOME to a folder of yours"
    return None


def _offline(_repo: str, error: BaseException) -> str | None:
    from huggingface_hub.errors import OfflineModeIsEnabled

    if not isinstance(error, OfflineModeIsEnabled):
        return None
    return (
        "the hub is switched off here (HF_HUB_OFFLINE is set): unset it, connect to the network, "
        "then run this again"
    )


def _response(repo: str, error: BaseException) -> str | None:
    """What the status and the headers of the hub's response mean."""
    from huggingface_hub import constants, get_token
    from huggingface_hub.errors import (
        GatedRepoError,
        RemoteEntryNotFoundError,
        RevisionNotFoundError,
    )

    response: Any = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if not isinstance(status, int) or status < 400:
        return None
    page = f"{constants.ENDPOINT}/{repo}"
    signed_in = get_token() is not None
    if isinstance(error, RevisionNotFoundError):
        return f"the hub has no such revision of it: look at {page}"
    if isinstance(error, RemoteEntryNotFoundError):
        return (
            "the hub lacks a file of it, which may have changed just now: look at "
            f"{page}, then run this again"
        )
    if isinstance(error, GatedRepoError):
        return _gated(page, signed_in)
    return _by_status(status, response.headers, page, signed_in)


def _gated(page: str, signed_in: bool) -> str:
    if signed_in:
        return (
            "it is gated, and your account has no access yet: accept its terms at "
            f"{page}, then run this again"
        )
    return f"it is gated: accept its terms at {page}, then {_SIGN_IN} and run this again"


def _by_status(status: int, headers: Any, page: str, signed_in: bool) -> str:
    message = str(headers.get("X-Error-Message") or "")
    is_missing = headers.get("X-Error-Code") == "RepoNotFound"
    if status == 401 and signed_in and not is_missing:
        return (
            "the hub refuses your token: make a new one at its settings/tokens, then "
            "`hf auth login` (or set HF_TOKEN)"
        )
    if "disabled" in message:
        return f"its owner or the hub has disabled it: see {page}"
    if status == 403:
        return (
            "your token does not allow it, perhaps because it has no right to read: see "
            f"{page} and its settings/tokens"
        )
    if status in (401, 404):
        advice = "" if signed_in else f"; if it is private, {_SIGN_IN}"
        return f"the hub has no model with this id (or it is private): check the spelling{advice}"
    if status == 429:
        return _too_many_requests(headers, signed_in)
    if status >= 500:
        return (
            f"the hub has a fault of its own ({status}): try again later; its state is at "
            "https://status.huggingface.co"
        )
    detail = f" ({message})" if message else ""
    return f"the hub answered with {status}{detail}: see {page}"


def _too_many_requests(headers: Any, signed_in: bool) -> str:
    seconds = str(headers.get("Retry-After") or "")
    wait = f"{seconds} s" if seconds.isdecimal() else "some minutes"
    advice = "" if signed_in else "; signed in (`hf auth login`) you may send more requests"
    return f"the hub received too many requests (429): wait {wait}, then {AGAIN}{advice}"


def _network(_repo: str, error: BaseException) -> str | None:
    from huggingface_hub.constants import ENDPOINT

    name = type(error).__name__
    text = str(error)
    if isinstance(error, socket.gaierror) or _contains(text, _UNKNOWN_HOST_TEXTS):
        return (
            f"the name of {ENDPOINT} cannot be looked up: check the network and DNS (or "
            f"HF_ENDPOINT), then {AGAIN}"
        )
    if isinstance(error, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in text:
        return (
            f"the certificate of {ENDPOINT} is not trusted: check the clock, and SSL_CERT_FILE if "
            "you are behind a proxy"
        )
    if name == "ProxyError":
        return "the proxy refuses: check HTTPS_PROXY and NO_PROXY"
    if _BROKEN_CONNECTION.search(name) or _contains(text, _BROKEN_CONNECTION_TEXTS):
        return f"the connection broke: {AGAIN}"
    if "Timeout" in name or isinstance(error, TimeoutError):
        return f"{ENDPOINT} does not answer in time: check the network, then {AGAIN}"
    if "Connect" in name or isinstance(error, ConnectionError):
        return (
            f"{ENDPOINT} cannot be reached: connect to the network (or check HF_ENDPOINT), then "
            f"{AGAIN}"
        )
    return None


def _contains(text: str, parts: tuple[str, ...]) -> bool:
    return any(part in text for part in parts)


def _without_token(text: str) -> str:
    from huggingface_hub import get_token

    token = get_token()
    return text.replace(token, "***") if token else text
