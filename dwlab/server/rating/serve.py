"""Serving the page of `dwlab rate` on this machine, until Ctrl-C."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING

import uvicorn

from ...rating.raters import check_rater
from ...rating.session import RatingSession
from ..serve import open_listener, url_of
from ..settings import read_settings
from .app import make_rating_app

if TYPE_CHECKING:
    from pathlib import Path

    from ...analysis.selection import Conditions

HOST = "127.0.0.1"
CLOSING_SECONDS = 3  # for answers that are under way


def serve_rating(
    root: Path,
    experiment: str,
    *,
    rater: str,
    where: Conditions = (),
    port: int,
    browser: bool,
) -> None:
    """Serve the page; prints its address, and opens it in a browser if there is one.

    where: conditions that leave the pictures to compare. port: 0 chooses a free one. Raises
    InvalidInput for an experiment that cannot be rated, a name that cannot be a rater's, or a port
    that is taken.
    """
    # only this machine can reach it, whatever the settings of `dwlab serve` are
    settings = read_settings({"host": HOST, "port": port})
    rater = check_rater(rater)
    app = make_rating_app(RatingSession(root, experiment, where), settings, rater)
    with open_listener(settings) as listener:
        url = url_of(settings, listener)
        print(
            f"rate {experiment} on {url} (as {rater}); votes are saved at once, Ctrl-C stops",
            flush=True,
        )
        if browser:
            webbrowser.open(url)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=CLOSING_SECONDS,
        )
        uvicorn.Server(config).run(sockets=[listener])
