"""Running the server: uvicorn on one socket, until it is asked to stop."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

from ..errors import InvalidInput
from ..store import Store
from .app import make_app
from .observe import log_file, start_log

if TYPE_CHECKING:
    from types import FrameType

    from .settings import Settings
    from .worker import Worker

log = logging.getLogger(__name__)
SWITCH_SECONDS = 0.001  # after which the renderer's Python lets a request have its turn


class _Uvicorn(uvicorn.Server):
    """Tells the event streams to end as soon as the server shall, else it would wait for them."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        self.config.app.state.server.closing.set()  # type: ignore[union-attr]  # our own app
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
        raise InvalidInput("--port", f"{settings.host}:{settings.port}", f"an address that is free ({error})") from None
    with listener:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        handler = start_log(log_file(server.root))
        url = f"http://{host}:{listener.getsockname()[1]}"
        print(f"dwlab serves {settings.model} on {url} (page: {url}/ui, API: {url}/docs)", flush=True)
        print(f"results: {server.root}, log: {log_file(server.root)}; Ctrl-C stops", flush=True)
        log.info("serves %s on %s, results in %s", settings.model, url, server.root)
        sys.setswitchinterval(SWITCH_SECONDS)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=5, lifespan="on",
            proxy_headers=False,  # whose words on where a request comes from anyone could write
        )  # fmt: skip
        signal.signal(
            signal.SIGTERM, lambda *_: None
        )  # uvicorn raises it again once it has stopped, which is no failure
        try:
            _Uvicorn(config).run(sockets=[listener])
        finally:
            log.info("stopped")
            for name in ("dwlab", "uvicorn"):
                logging.getLogger(name).removeHandler(handler)
            handler.close()
            _leave(server.worker)


def _leave(worker: Worker) -> None:
    """End the process here where a model is still being loaded: torch aborts a Python that ends under it."""
    cause = sys.exception()
    if not worker.ended and (cause is None or isinstance(cause, KeyboardInterrupt)):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(130 if cause else 0)


def openapi(settings: Settings) -> str:
    """The OpenAPI document, as JSON."""
    return json.dumps(make_app(settings).openapi(), indent=2)
