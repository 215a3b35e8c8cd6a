"""`dwlab serve`: flags for the server's settings."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import MissingExtra
from ..paths import results_folder
from .command import COMPUTING, MemoryOption, ResultsOption

# groups of options
ACCESS = "Address and access"
STORAGE = "Jobs and storage"


def serve(
    host: Annotated[
        str | None,
        typer.Option(
            help="Address to listen on (default: 127.0.0.1). Any other needs a token.",
            metavar="ADDRESS",
            rich_help_panel=ACCESS,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port (default: 8000); 0 chooses a free one.", rich_help_panel=ACCESS),
    ] = None,
    results: ResultsOption = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="Model that is loaded and used by default (default: shapes).",
            metavar="MODEL",
            rich_help_panel=COMPUTING,
        ),
    ] = None,
    models: Annotated[
        str | None,
        typer.Option(
            help="More models to offer, separated by commas. Download them first (dwlab pull).",
            metavar="MODELS",
            rich_help_panel=COMPUTING,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="auto, cpu, mps, cuda or cuda:N.", metavar="DEVICE", rich_help_panel=COMPUTING
        ),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            help="Which processes compute: local (default), cpu*2, cuda:*, cuda:0,cuda:1 or "
            "dask://HOST:PORT (docs/serve.md).",
            metavar="WHERE",
            rich_help_panel=COMPUTING,
        ),
    ] = None,
    memory: MemoryOption = None,
    cors_origins: Annotated[
        str | None,
        typer.Option(
            help="Allowed origins of web front ends, separated by commas (default: http://localhost:3000).",
            metavar="URLS",
            rich_help_panel=ACCESS,
        ),
    ] = None,
    allowed_hosts: Annotated[
        str | None,
        typer.Option(
            help="More host names of this server, separated by commas.",
            metavar="NAMES",
            rich_help_panel=ACCESS,
        ),
    ] = None,
    rate_limit: Annotated[
        int | None,
        typer.Option(
            help="Write requests per minute per client (default: no limit).", rich_help_panel=ACCESS
        ),
    ] = None,
    queue_limit: Annotated[
        int | None,
        typer.Option(
            help="How many jobs may wait (default: 100).", metavar="JOBS", rich_help_panel=STORAGE
        ),
    ] = None,
    keep_days: Annotated[
        float | None,
        typer.Option(
            help="Remove pictures made here after this many days (default: never).",
            metavar="DAYS",
            rich_help_panel=STORAGE,
        ),
    ] = None,
    keep_gb: Annotated[
        float | None,
        typer.Option(
            help="Remove the oldest pictures made here when all take more than this size.",
            metavar="GIGABYTES",
            rich_help_panel=STORAGE,
        ),
    ] = None,
    lease: Annotated[
        float | None,
        typer.Option(
            help="Seconds until the jobs of a dead worker are tried again (default: 15).",
            metavar="SECONDS",
            rich_help_panel=STORAGE,
        ),
    ] = None,
    print_openapi: Annotated[
        bool, typer.Option("--print-openapi", help="Print the OpenAPI document and exit.")
    ] = False,
) -> None:
    """Make pictures over HTTP: an API with a queue, and a page at /ui.

    Set a token in DWLAB_TOKEN, .env or dwlab.toml, which may have all settings (docs/serve.md).

    Examples:
        dwlab serve
        DWLAB_TOKEN=secret dwlab serve --host 0.0.0.0 --model sd15
        dwlab serve --where cuda:*
        dwlab serve --print-openapi
    """
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
