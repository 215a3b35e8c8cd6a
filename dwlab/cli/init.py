"""`dwlab init`: a project folder."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make, or one to add to.")],
) -> None:
    """Make a project folder: experiments to run and change, notebooks, and a README.

    Files that are there already stay as they are.

    Examples:
        dwlab init my-bench
        dwlab init .
    """
    from ..workflows.project import make_project

    project = make_project(folder.expanduser())
    for name in project.written:
        typer.echo(f"  {name}")
    for name in project.kept:
        typer.echo(f"  {name} was there and stays as it is")
    count = len(project.written)
    typer.echo(f"{project.folder}: {count} files written")
    typer.echo("next: cd there, then `dwlab sweep experiments/quickstart.yaml`, or `dwlab new`")
