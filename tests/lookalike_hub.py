"""A hub on this machine: it answers what huggingface_hub asks of the real one, and can refuse, fail or cut as that may."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

REPO = "owner/tiny"
COMMIT = "0123456789abcdef" * 2 + "01234567"
OTHER_COMMIT = "fedcba9876543210" * 2 + "fedcba98"
# in the form in which they were sent: a slash within a revision is %2F
_API = re.compile(r"/api/models/(?P<repo>[^/]+/[^/]+)(/revision/(?P<revision>[^/]+))?$")
_TREE = re.compile(r"/api/models/(?P<repo>[^/]+/[^/]+)/tree/(?P<revision>[^/]+)(/.*)?$")
_FILE = re.compile(r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)$")


@dataclass
class Hub:
    """Repositories by id, each a map of file names to bytes, and how they are answered for.

    revisions: (repository, revision) -> (commit, files), besides the main branch. fail: repository -> (status, headers) in
    place of every answer. cut: file names whose bytes end in the middle, as often as the number says. slow: waited for
    before each chunk of a file. store: the address that weights are
    sent from, as the real hub does; this one if None.
    cards: repository -> what its card says. gated: repositories whose terms must be accepted. requests: what was asked,
    "GET /path". resumed: file names with the position from which they were asked for.
    tokens: what stood in the Authorization headers.
    """

    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    revisions: dict[tuple[str, str], tuple[str, dict[str, bytes]]] = field(default_factory=dict)
    resumed: list[tuple[str, int]] = field(default_factory=list)
    store: str | None = None
    cards: dict[str, dict[str, str]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    fail: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    slow: float = 0.0
    chunk: int = 1 << 16
    arrived: threading.Event = field(default_factory=threading.Event)

    def add(self, repo: str, folder: Path) -> None:
        """Offer the files of a folder as a repository."""
        files = (path for path in folder.rglob("*") if path.is_file())
        self.repositories[repo] = {
            path.relative_to(folder).as_posix(): path.read_bytes() for path in files
        }

    def at(self, repo: str, revision: str | None) -> tuple[str, dict[str, bytes]] | None:
        """The commit and the files of a revision; None if there is no such revision."""
        if revision in (None, "main", COMMIT):
            return COMMIT, self.repositories[repo]
        for (name, label), (commit, files) in self.revisions.items():
            if name == repo and revision in (label, commit):
                return commit, files
        return None

    def fetched(self) -> list[str]:
        """The files whose bytes were asked for."""
        asked = (
            request.removeprefix("GET ") for request in self.requests if request.startswith("GET ")
        )
        return [match["file"] for path in asked if (match := _FILE.match(path))]

    def __enter__(self) -> Self:
        hub = self
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub})
        )
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        path = urlsplit(self.path).path
        self.hub.requests.append(f"{self.command} {unquote(path)}")
        if token := self.headers.get("Authorization"):
            self.hub.tokens.add(token)
        match = _FILE.match(path) or _TREE.match(path) or _API.match(path)
        repo = match["repo"] if match else ""
        if repo in self.hub.fail:
            status, headers = self.hub.fail[repo]
            self._answer(status, b'{"error": "as told"}', headers)
            return
        if match is None or repo not in self.hub.repositories:
            self._answer(
                401, b'{"error": "Repository not found"}', {"X-Error-Code": "RepoNotFound"}
            )
            return
        revision = match["revision"] and unquote(match["revision"])
        state = self.hub.at(repo, revision)
        if state is None:
            self._answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
        elif match.re is _FILE:
            self._file(*state, unquote(match["file"]))
        else:
            self._list(repo, *state, tree=match.re is _TREE)

    def _list(self, repo: str, commit: str, files: dict[str, bytes], *, tree: bool) -> None:
        if tree:
            found = [
                {"type": "file", "path": name, "size": len(data), "oid": _hash(data)}
                | _lfs(name, data)
                for name, data in files.items()
            ]
        else:
            siblings = [
                {"rfilename": name, "size": len(data), "blobId": _hash(data)} | _lfs(name, data)
                for name, data in files.items()
            ]
            found = {
                "id": repo,
                "modelId": repo,
                "sha": commit,
                "private": False,
                "tags": [],
                "siblings": siblings,
                "cardData": self.hub.cards.get(repo, {}),
                "gated": "auto" if repo in self.hub.gated else False,
            }
        self._answer(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

    def _file(self, commit: str, files: dict[str, bytes], name: str) -> None:
        data = files.get(name)
        if data is None:
            self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        headers = {"ETag": f'"{_etag(name, data)}"', "X-Repo-Commit": commit}
        if self.hub.store and _is_large(name):
            linked = {"X-Linked-Etag": f'"{_etag(name, data)}"', "X-Linked-Size": str(len(data))}
            location = {"Location": f"{self.hub.store}{self.path}"}
            self._answer(302, b"", headers | linked | location)
            return
        headers["Accept-Ranges"] = "bytes"
        begin = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if begin:
            start = int(begin[1])
            self.hub.resumed.append((name, start))
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self._answer(206, data[start:], headers, name)
        else:
            self._answer(200, data, headers, name)

    def _answer(self, status: int, data: bytes, headers: dict[str, str], name: str = "") -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.hub.cut.get(name, 0) > 0:
            self.hub.cut[name] -= 1
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
            return
        for start in range(0, len(data), self.hub.chunk):
            threading.Event().wait(self.hub.slow if name else 0)
            try:
                self.wfile.write(data[start : start + self.hub.chunk])
            except OSError:  # the client has gone
                return
            if name:
                self.hub.arrived.set()


def _hash(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()  # as git names files


def _is_large(name: str) -> bool:
    """Whether the real hub keeps such a file outside git."""
    return name.endswith((".safetensors", ".bin", ".ckpt"))


def _etag(name: str, data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if _is_large(name) else _hash(data)


def _lfs(name: str, data: bytes) -> dict[str, object]:
    """What a listing says of a file that is not kept in git."""
    if not _is_large(name):
        return {}
    return {
        "lfs": {
            "sha256": _etag(name, data),
            "oid": _etag(name, data),
            "size": len(data),
            "pointerSize": 134,
        }
    }


def environment(url: str, home: Path) -> dict[str, str]:
    """What makes a new process ask this hub, with a cache of its own and a token that must show nowhere."""
    return {"HF_ENDPOINT": url, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", "HF_TOKEN": CANARY}


def connect(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Let this process, which read its environment long ago, ask the hub at `url`."""
    from huggingface_hub import constants, hf_api

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(hf_api.api, "endpoint", url)


CANARY = "hf_canary0123456789abcdef"
