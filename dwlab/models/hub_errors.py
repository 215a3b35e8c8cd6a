"""What went wrong at the hub, from the cause and not from the libraries' wrapper, and what to do about it."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from typing import TYPE_CHECKING, Any

from ..errors import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAIN = "run this again: what has arrived is kept"
_CUT = re.compile(
    "RemoteProtocolError|IncompleteRead|ReadError|ChunkedEncodingError|ConnectionReset|BrokenPipe"
)
_CUT_WORDS = ("Consistency check failed", "peer closed connection", "Connection broken")
_NO_NAME = (
    "Name or service not known",
    "nodename nor servname",
    "name resolution",
    "getaddrinfo failed",
)


def explain(repo: str, error: BaseException) -> str:
    """One sentence on what the hub, the network or the disk said when a model was fetched, and the remedy."""
    causes = list(_causes(error))
    for tell in (_disk, _offline, _answer, _network):
        for cause in causes:
            if text := tell(repo, cause):
                return text
    return f"{_without_token(first_line(error))}; {AGAIN}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came from, the innermost last."""
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
        return f"the disk of {HF_HUB_CACHE} is full: free some space, or set HF_HOME to a folder on a larger disk"
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{HF_HUB_CACHE} cannot be written: set HF_HOME to a folder of yours"
    return None


def _offline(_repo: str, error: BaseException) -> str | None:
    from huggingface_hub.errors import OfflineModeIsEnabled

    if not isinstance(error, OfflineModeIsEnabled):
        return None
    return "the hub is switched off here (HF_HUB_OFFLINE is set): unset it, connect to the network, then run this again"


def _answer(repo: str, error: BaseException) -> str | None:
    """What an answer of the hub says by its status and headers."""
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
        return f"the hub lacks a file of it, which may just have changed: look at {page}, then run this again"
    if isinstance(error, GatedRepoError) and not signed_in:
        return f"it is gated: accept its terms at {page}, then sign in with `hf auth login` (or set HF_TOKEN) and run this again"
    if isinstance(error, GatedRepoError):
        return f"it is gated, and your account has no access yet: accept its terms at {page}, then run this again"
    return _by_status(status, response.headers, page, signed_in)


def _by_status(status: int, headers: Any, page: str, signed_in: bool) -> str:
    said = str(headers.get("X-Error-Message") or "")
    if status == 401 and (signed_in and headers.get("X-Error-Code") != "RepoNotFound"):
        return "the hub refuses your token: make a new one at its settings/tokens, then `hf auth login` (or set HF_TOKEN)"
    if "disabled" in said:
        return f"its owner or the hub has disabled it: see {page}"
    if status == 403:
        return f"the hub forbids it to your token, which may lack the right to read: see {page} and its settings/tokens"
    if status in (401, 404):
        private = (
            ""
            if signed_in
            else "; if it is private, sign in with `hf auth login` (or set HF_TOKEN)"
        )
        return (
            f"the hub has no model of this id (or it is private): check how it is written{private}"
        )
    if status == 429:
        wait = (
            f"{headers['Retry-After']} s"
            if str(headers.get("Retry-After") or "").isdecimal()
            else "some minutes"
        )
        return f"the hub was asked too often (429): wait {wait}, then {AGAIN}" + (
            "" if signed_in else "; signed in (`hf auth login`) you may ask more"
        )
    if status >= 500:
        return f"the hub has a fault of its own ({status}): try again later; its state is at https://status.huggingface.co"
    return f"the hub answered with {status}{f' ({said})' if said else ''}: see {page}"


def _network(_repo: str, error: BaseException) -> str | None:
    from huggingface_hub.constants import ENDPOINT

    name, text = type(error).__name__, str(error)
    if isinstance(error, socket.gaierror) or any(words in text for words in _NO_NAME):
        return f"the name of {ENDPOINT} cannot be looked up: check the network and DNS (or HF_ENDPOINT), then {AGAIN}"
    if isinstance(error, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in text:
        return f"{ENDPOINT} shows a certificate that is not trusted: check the clock, and SSL_CERT_FILE behind a proxy"
    if name == "ProxyError":
        return "the proxy refuses: check HTTPS_PROXY and NO_PROXY"
    if _CUT.search(name) or any(words in text for words in _CUT_WORDS):
        return f"the connection was cut: {AGAIN}"
    if "Timeout" in name or isinstance(error, TimeoutError):
        return f"{ENDPOINT} does not answer in time: check the network, then {AGAIN}"
    if "Connect" in name or isinstance(error, ConnectionError):
        return f"{ENDPOINT} cannot be reached: connect to the network (or check HF_ENDPOINT), then {AGAIN}"
    return None


def _without_token(text: str) -> str:
    from huggingface_hub import get_token

    token = get_token()
    return text.replace(token, "***") if token else text
