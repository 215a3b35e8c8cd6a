"""`dwlab worker` and `dwlab scheduler`: processes that compute for sweeps of other processes."""

from __future__ import annotations

from pathlib import Path  # typer reads the annotations
from typing import Annotated

import typer

FileOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Where the scheduler's address is, in a folder that both machines see.",
    ),
]


def worker(
    connect: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            help="The scheduler; one on another machine only as tls://HOST:PORT.",
        ),
    ] = "",
    scheduler_file: FileOption = None,
    device: Annotated[
        str,
        typer.Option(
            metavar="DEVICE",
            help="auto, cpu, cpu*4 (as many processes), mps, cuda:0, or cuda:* (one per GPU).",
        ),
    ] = "auto",
    name: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What rows call this worker (default: machine, device and process).",
        ),
    ] = "",
    listen: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            help="Where the scheduler reaches the worker, if a tunnel forwards that port; the next "
            "port too (default: any free ones).",
        ),
    ] = "",
    lifetime: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="End after this time, like 90m, between two chunks."),
    ] = None,
) -> None:
    """Compute for sweeps that other processes run with --where, until Ctrl-C.

    Whoever reaches a scheduler can run code on its workers. So the way to it is on this machine
    alone, through an SSH tunnel, or encrypted.

    Examples:
        dwlab worker --connect 127.0.0.1:8786
        dwlab worker --scheduler-file /shared/lab.json --device cuda:*
    """
    from ..cluster.serving import Listening, run_workers

    run_workers(
        address=connect,
        scheduler_file=scheduler_file,
        device=device,
        name=name,
        listen=Listening.of("--listen", listen) if listen else None,
        lifetime=lifetime,
        tell=typer.echo,
    )


def scheduler(
    listen: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            help="Where it listens; elsewhere than on 127.0.0.1 it needs --scheduler-file, beside "
            "which it makes the certificate that encrypts it.",
        ),
    ] = "127.0.0.1:8786",
    scheduler_file: FileOption = None,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="With Dask's dashboard, on loopback.")
    ] = False,
) -> None:
    """Bring sweeps and workers of several machines together, until Ctrl-C.

    Examples:
        dwlab scheduler
        dwlab scheduler --listen 0.0.0.0:8786 --scheduler-file /shared/lab.json
    """
    from ..cluster.serving import Listening, run_scheduler

    run_scheduler(
        listen=Listening.of("--listen", listen),
        scheduler_file=scheduler_file,
        dashboard=dashboard,
        tell=typer.echo,
    )
