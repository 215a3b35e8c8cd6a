"""`dwlab serve`: flags for the server's settings."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import MissingExtra
from ..paths import results_folder
from .command import MemoryOption, ResultsOption  # noqa: TC001  # typer reads the annotations


def serve(
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on (default: 127.0.0.1). Any other needs a token."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port (default: 8000); 0 chooses a free one.")
    ] = None,
    results: ResultsOption = None,
    model: Annotated[
        str | None, typer.Option(help="Model that is loaded and used by default (default: shapes).")
    ] = None,
    models: Annotated[
        str | None,
        typer.Option(
            help="More models to offer, separated by commas. Download them first (dwlab pull)."
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, mps, cuda or cuda:N.")] = None,
    memory: MemoryOption = None,
    cors_origins: Annotated[
        str | None,
        typer.Option(
            help="Allowed origins of web front ends, separated by commas (default: http://localhost:3000)."
        ),
    ] = None,
    allowed_hosts: Annotated[
        str | None, typer.Option(help="More host names of this server, separated by commas.")
    ] = None,
    rate_limit: Annotated[
        int | None, typer.Option(help="Write requests per minute per client (default: no limit).")
    ] = None,
    queue_limit: Annotated[
        int | None, typer.Option(help="How many jobs may wait (default: 100).")
    ] = None,
    keep_days: Annotated[
        float | None,
        typer.Option(help="Remove pictures made here after this many days (default: never)."),
    ] = None,
    keep_gb: Annotated[
        float | None,
        typer.Option(
            help="Remove the oldest pictures made here when all take more than this size."
        ),
    ] = None,
    lease: Annotated[
        float | None,
        typer.Option(help="Seconds until the jobs of a dead worker are tried again (default: 15)."),
    ] = None,
    print_openapi: Annotated[
        bool, typer.Option("--print-openapi", help="Print the OpenAPI document and exit.")
    ] = False,
) -> None:
    """Make pictures over HTTP: an API with a queue, and a page at /ui. Set a token in DWLAB_TOKEN, .env or dwlab.toml."""
    results = results_folder(results) if results else None
    flags = {name: value for name, value in locals().items() if name != "print_openapi"}
    try:
        from ..server import serve as serving
        from ..server.settings import read_settings
    except ImportError as error:
        raise MissingExtra(f"dwlab serve ({error.name} is missing)", "serve") from error
    settings = read_settings(flags)
    if print_openapi:
        typer.echo(serving.openapi(settings))
    else:
        serving.serve(settings)
