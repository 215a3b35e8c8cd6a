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
from .connection_limits import BACKLOG, Connection, ConnectionLimits
from .log_file import end_log, log_file, start_log

if TYPE_CHECKING:
    from types import FrameType

    from fastapi import FastAPI

    from .settings import ServerSettings
    from .state import ServerState
    from .worker.worker import Worker

log = logging.getLogger(__name__)
CLOSING_SECONDS = 3  # for answers that are under way, once the server is stopping
LEAVING_SECONDS = 3.5  # after `shutdown_seconds`, by which everything must be over
SWITCH_SECONDS = 0.001  # after which the renderer's Python lets a request have its turn


class _Uvicorn(uvicorn.Server):
    """Stops as soon as it is told to; ends the process if anything keeps it from ending."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        state: ServerState = self.config.app.state.server  # type: ignore[union-attr]  # our own app
        if not state.closing.is_set():
            state.begin_stop()
            code = INTERRUPTED if sig == signal.SIGINT else 0
            patience = state.settings.shutdown_seconds + LEAVING_SECONDS
            last_resort = threading.Timer(patience, _end, (state.worker, code))
            last_resort.daemon = True
            last_resort.start()
        super().handle_exit(sig, frame)


def serve(settings: ServerSettings) -> None:
    """Serve until SIGTERM or Ctrl-C; prints the address.

    Raises InvalidInput for an address that cannot be used, StoreError for a results folder.
    """
    app = make_app(settings)
    state: ServerState = app.state.server
    # a folder that cannot be used is an error here, in one line
    with Store(state.root) as store:
        for note in store.notes:
            print(f"note: {note}", flush=True)
    with open_listener(settings) as listener:
        handler = start_log(log_file(state.root))
        _announce(state, listener)
        sys.setswitchinterval(SWITCH_SECONDS)
        # uvicorn raises the signal again once it has stopped, which is not a failure
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            _Uvicorn(_config(app)).run(sockets=[listener])
        finally:
            log.info("stopped")
            end_log(handler)
            _leave()


def openapi(settings: ServerSettings) -> str:
    """The OpenAPI document, as JSON."""
    return json.dumps(make_app(settings).openapi(), indent=2)


def open_listener(settings: ServerSettings) -> socket.socket:
    """A socket on the server's address; raises InvalidInput if that is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=512)
    except OSError as error:
        address = f"{settings.host}:{settings.port}"
        raise InvalidInput("--port", address, f"an address that is free ({error})") from None


def url_of(settings: ServerSettings, listener: socket.socket) -> str:
    """Where a browser finds the server."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listener.getsockname()[1]}"


def _announce(state: ServerState, listener: socket.socket) -> None:
    settings = state.settings
    url = url_of(settings, listener)
    print(
        f"dwlab is serving {settings.model} on {url} (page: {url}/ui, API: {url}/docs)",
        flush=True,
    )
    print(f"results: {state.root}, log: {log_file(state.root)}; Ctrl-C stops", flush=True)
    log.info("serving %s on %s, results in %s", settings.model, url, state.root)


def _config(app: FastAPI) -> uvicorn.Config:
    """How uvicorn serves the application: with limits that slow clients cannot exhaust."""
    state: ServerState = app.state.server
    limits = ConnectionLimits(
        state.settings,
        on_drop=lambda reason: state.metrics.dropped.labels(reason).inc(),
        is_closing=state.closing.is_set,
    )
    configured = state.settings.connections
    if limits.total < configured:
        log.warning(
            "the limit of open files allows %d connections, not %d", limits.total, configured
        )
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=CLOSING_SECONDS,
        lifespan="on",
        # any client could write these headers, which say where a request comes from
        proxy_headers=False,
        # uvicorn calls it as it would call the class
        http=functools.partial(Connection, limits=limits),  # type: ignore[arg-type]
        ws="none",
        backlog=BACKLOG,
    )


def _leave() -> None:
    """End the process here, once all is closed.

    Python takes seconds to end under torch, and torch aborts it if a thread computes.
    """
    cause = sys.exception()
    if cause is None:
        _exit(0)
    if isinstance(cause, KeyboardInterrupt):
        _exit(INTERRUPTED)
    if isinstance(cause, SystemExit):
        _exit(cause.code if isinstance(cause.code, int) else 0)


def _end(worker: Worker, code: int) -> None:
    """End the process, whatever it waits for; first put the jobs under way back into the queue."""
    log.warning("the server did not end by itself; unfinished jobs go back into the queue")
    worker.give_back()
    _exit(code)


def _exit(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
