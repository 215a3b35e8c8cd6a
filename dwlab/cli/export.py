"""`dwlab export` and `dwlab import`: a sweep for somebody else, and one of somebody else's."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations
from .completion import NameArgument  # noqa: TC001  # typer reads the annotations


def export(
    name: NameArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="A .zip, or a folder that is not there yet (default: NAME.zip here).",
        ),
    ] = None,
    results: ResultsOption = None,
) -> None:
    """Pack a sweep for somebody else: recipes, pictures, table, report, versions and hashes.

    It opens with `dwlab import`, or without dwlab: see README.txt in it. Models are not in it.

    Examples:
        dwlab export quickstart
        dwlab export quickstart -o for-a-colleague.zip
    """
    from tqdm import tqdm

    from ..paths import results_folder
    from ..workflows.archive.exporting import export

    packed = export(
        results_folder(results),
        name,
        output,
        follow=lambda names: tqdm(names, unit=" pictures", disable=None),
    )
    typer.echo(str(packed))
    for line in packed.notes():
        typer.echo(f"note: {line}", err=True)


def import_export(
    path: Annotated[Path, typer.Argument(metavar="ZIP|FOLDER", help="What `dwlab export` wrote.")],
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Another name for the experiment.")
    ] = None,
    results: ResultsOption = None,
) -> None:
    """Take a sweep of somebody else's into the results folder; everything in it is checked first.

    Nothing that is here is overwritten, and nothing in it is run.

    Examples:
        dwlab import quickstart.zip
        dwlab import quickstart.zip --as theirs
    """
    from tqdm import tqdm

    from ..paths import results_folder
    from ..workflows.archive.importing import import_sweep

    with tqdm(unit=" cells", disable=None) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        taken = import_sweep(results_folder(results), path, name=name, on_cell=show)
    typer.echo(str(taken))
    typer.echo(f"`dwlab verify {taken.name} --sample 20` makes some of its pictures again")
