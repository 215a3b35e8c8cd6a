"""Options that say which processes compute."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import InvalidInput
from ..spec.where import SLURM
from .command import COMPUTING

WhereOption = Annotated[
    str,
    typer.Option(
        metavar="PLACE",
        help="Which processes compute: local (this one), cpu*4 (four processes), cuda:* (one per "
        "GPU), cuda:0,cuda:1, dask://HOST:PORT, scheduler-file:PATH, or slurm.",
        rich_help_panel=COMPUTING,
    ),
]
SlurmOption = Annotated[
    str | None,
    typer.Option(
        metavar="OPTIONS",
        help='With --where slurm: options of its jobs, like "partition=gpu time=2h nodes=4".',
        rich_help_panel=COMPUTING,
    ),
]
DashboardOption = Annotated[
    bool,
    typer.Option(
        "--dashboard",
        help="Show Dask's dashboard of the workers, on loopback.",
        rich_help_panel=COMPUTING,
    ),
]


def place_of(where: str, slurm: str | None) -> str:
    """The place that two options name together; raises InvalidInput if they do not fit."""
    if slurm is None:
        return where
    if where != SLURM:
        raise InvalidInput("--slurm", slurm, f"left out, or beside --where {SLURM}")
    return f"{SLURM} {slurm}"
