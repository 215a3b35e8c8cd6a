"""Running the server: uvicorn on one socket, until it is asked to stop."""

from __future__ import annotations

import functools
import json
import logging
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

import uvicorn

from .._util.exit_codes import INTERRUPTED
from ..errors import InvalidInput
from ..store.store import Store
from .app import make_app
from .connection_limits import BACKLOG, Connection, Door
from .prometheus_metrics import end_log, log_file, start_log

if TYPE_CHECKING:
    from types import FrameType

    from fastapi import FastAPI

    from .app import Server
    from .settings import Settings
    from .worker.worker import Worker

log = logging.getLogger(__name__)
CLOSING_SECONDS = 3  # for answers that are under way, once the server was told to stop
LEAVING_SECONDS = 3.5  # after `shutdown_seconds`, in which all must be over
SWITCH_SECONDS = 0.001  # after which the renderer's Python lets a request have its turn


class _Uvicorn(uvicorn.Server):
    """Begins to stop as soon as it is told to, and ends the process if anything keeps it from ending by itself."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        server: Server = self.config.app.state.server  # type: ignore[union-attr]  # our own app
        if not server.closing.is_set():
            server.begin_stop()
            code = INTERRUPTED if sig == signal.SIGINT else 0
            last = threading.Timer(
                server.settings.shutdown_seconds + LEAVING_SECONDS, _end, (server.worker, code)
            )
            last.daemon = True
            last.start()
        super().handle_exit(sig, frame)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C; prints where. Raises InvalidInput for an address that cannot be had, StoreError."""
    app = make_app(settings)
    server = app.state.server
    with Store(server.root) as store:  # a folder that cannot be used is said here, in one line
        for note in store.notes:
            print(f"note: {note}", flush=True)
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=512)
    except OSError as error:
        raise InvalidInput(
            "--port", f"{settings.host}:{settings.port}", f"an address that is free ({error})"
        ) from None
    with listener:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        handler = start_log(log_file(server.root))
        url = f"http://{host}:{listener.getsockname()[1]}"
        print(
            f"dwlab serves {settings.model} on {url} (page: {url}/ui, API: {url}/docs)", flush=True
        )
        print(f"results: {server.root}, log: {log_file(server.root)}; Ctrl-C stops", flush=True)
        log.info("serves %s on %s, results in %s", settings.model, url, server.root)
        sys.setswitchinterval(SWITCH_SECONDS)
        # uvicorn raises it again once it has stopped, which is no failure
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            _Uvicorn(_config(app)).run(sockets=[listener])
        finally:
            log.info("stopped")
            end_log(handler)
            _leave()


def _config(app: FastAPI) -> uvicorn.Config:
    """How uvicorn serves the application: behind a door that slow clients do not hold open."""
    server: Server = app.state.server
    door = Door(
        server.settings, lambda why: server.metrics.dropped.labels(why).inc(), server.closing.is_set
    )
    wanted = server.settings.connections
    if door.most < wanted:
        log.warning("the limit of open files lets in %d connections, not %d", door.most, wanted)
    return uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=CLOSING_SECONDS, lifespan="on",
        proxy_headers=False,  # whose words on where a request comes from anyone could write
        http=functools.partial(Connection, door=door),  # type: ignore[arg-type]  # which uvicorn calls and does not look at
        ws="none", backlog=BACKLOG,
    )  # fmt: skip


def _leave() -> None:
    """End the process here, once all is closed: Python takes seconds to end under torch, and torch aborts it if a thread computes."""
    cause = sys.exception()
    if cause is None:
        _exit(0)
    if isinstance(cause, KeyboardInterrupt):
        _exit(INTERRUPTED)
    if isinstance(cause, SystemExit):
        _exit(cause.code if isinstance(cause.code, int) else 0)


def _end(worker: Worker, code: int) -> None:
    """End the process, whatever it waits for; the jobs under way go back into the queue first."""
    log.warning("did not end by itself; what was under way goes back into the queue")
    worker.give_back()
    _exit(code)


def _exit(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def openapi(settings: Settings) -> str:
    """The OpenAPI document, as JSON."""
    return json.dumps(make_app(settings).openapi(), indent=2)
