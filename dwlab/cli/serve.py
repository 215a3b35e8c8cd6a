"""`dwlab serve`: flags for the server's settings."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import MissingExtra
from ..paths import results_folder
from .command import ResultsOption  # noqa: TC001  # typer reads the annotations


def serve(
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on (default: 127.0.0.1); others need a token."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port (default: 8000); 0 takes a free one.")
    ] = None,
    results: ResultsOption = None,
    model: Annotated[
        str | None, typer.Option(help="The model to load and to use by default (default: shapes).")
    ] = None,
    models: Annotated[
        str | None,
        typer.Option(help="More models to offer, with commas; fetch them before (dwlab pull)."),
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, mps, cuda or cuda:N.")] = None,
    cors_origins: Annotated[
        str | None,
        typer.Option(
            help="Origins of web front ends, with commas (default: http://localhost:3000)."
        ),
    ] = None,
    allowed_hosts: Annotated[
        str | None, typer.Option(help="More names that the server is called by, with commas.")
    ] = None,
    rate_limit: Annotated[
        int | None, typer.Option(help="Changes a minute and client (default: no limit).")
    ] = None,
    queue_limit: Annotated[
        int | None, typer.Option(help="Jobs that may wait (default: 100).")
    ] = None,
    keep_days: Annotated[
        float | None, typer.Option(help="Remove older pictures made here (default: never).")
    ] = None,
    keep_gb: Annotated[
        float | None, typer.Option(help="Remove the oldest pictures made here beyond this size.")
    ] = None,
    lease: Annotated[
        float | None, typer.Option(help="Seconds that a dead worker's jobs wait (default: 15).")
    ] = None,
    print_openapi: Annotated[
        bool, typer.Option("--print-openapi", help="Print the OpenAPI document and end.")
    ] = False,
) -> None:
    """Serve pictures over HTTP: an API with a queue, a page at /ui. A token is set by DWLAB_TOKEN, .env or dwlab.toml."""
    results = results_folder(results) if results else None
    flags = {name: value for name, value in locals().items() if name != "print_openapi"}
    try:
        from ..server import serve as serving
        from ..server.settings import read_settings
    except ImportError as error:
        raise MissingExtra(f"dwlab serve ({error.name} is missing)", "serve") from error
    given = read_settings(flags)
    if print_openapi:
        typer.echo(serving.openapi(given))
    else:
        serving.serve(given)
