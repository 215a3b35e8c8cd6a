"""`dwlab verify`: are the pictures still what was written, and do they come again?"""

from __future__ import annotations

from typing import Annotated

import typer

from .._util.exit_codes import SOME_DAMAGED, SOME_FAILED
from .command import DeviceOption, ResultsOption  # noqa: TC001  # typer reads the annotations
from .completion import experiment_names


def verify(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[EXPERIMENT]",
            help="Only this experiment's pictures (default: all).",
            autocompletion=experiment_names,
        ),
    ] = None,
    sample: Annotated[
        int, typer.Option(help="Make so many pictures again, some of each model, and compare them.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of the random choice of these pictures.")] = 0,
    device: DeviceOption = "auto",
    results: ResultsOption = None,
) -> None:
    """Check every picture against its hash, and some against what their recipes make.

    Damaged pictures are set aside, and the next sweep makes them again. Nothing is downloaded.

    Examples:
        dwlab verify
        dwlab verify quickstart --sample 20
    """
    from tqdm import tqdm

    from ..paths import results_folder
    from ..workflows.certificate.verification import verify

    root = results_folder(results)
    verdict = verify(
        root,
        name,
        sample=sample,
        seed=seed,
        device=device,
        follow=lambda names: tqdm(names, unit=" pictures", disable=None),
        on_verdict=lambda verdict: typer.echo(str(verdict), err=True),
    )
    for image in verdict.files.damaged:
        typer.echo(f"damaged  {image}")
    for image in verdict.files.missing:
        typer.echo(f"missing  {image}")
    typer.echo(str(verdict))
    if verdict.files.damaged:
        typer.echo(f"damaged files were moved to {root / 'quarantine'}")
    if not verdict.files.good:
        typer.echo("run the sweep again to make these pictures, and only these, again")
    if any(path.endswith(".webp") for path in (*verdict.files.damaged, *verdict.files.missing)):
        typer.echo("films (.webp) are made again if that is run with --fill-traces")
    if not verdict.good:
        raise typer.Exit(SOME_DAMAGED)
    if verdict.failed:
        raise typer.Exit(SOME_FAILED)
