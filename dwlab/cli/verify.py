"""`dwlab verify`: are the pictures still what was written?"""

from __future__ import annotations

from typing import Annotated

import typer

from .._util.exit_codes import SOME_DAMAGED
from .command import ResultsOption  # noqa: TC001  # typer reads the annotations


def verify(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[EXPERIMENT]", help="Only this experiment's pictures (default: all)."
        ),
    ] = None,
    results: ResultsOption = None,
) -> None:
    """Check every picture against its hash.

    Damaged pictures are set aside, and the next sweep makes them again.
    """
    from tqdm import tqdm

    from ..paths import results_folder
    from ..store import integrity

    root = results_folder(results)
    verdict = integrity.verify(
        root, name, follow=lambda names: tqdm(names, unit=" pictures", disable=None)
    )
    for image in verdict.damaged:
        typer.echo(f"damaged  {image}")
    for image in verdict.missing:
        typer.echo(f"missing  {image}")
    typer.echo(
        f"{name or root}: {verdict.pictures:,} pictures, {len(verdict.damaged):,} damaged, "
        f"{len(verdict.missing):,} missing"
    )
    if verdict.damaged:
        typer.echo(f"damaged files were moved to {root / 'quarantine'}")
    if not verdict.good:
        typer.echo("run the sweep again to make these pictures, and only these, again")
        raise typer.Exit(SOME_DAMAGED)
