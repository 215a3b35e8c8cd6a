"""`dwlab bench gpu`: all that needs a GPU, in one go."""

from __future__ import annotations

from pathlib import Path  # typer reads the annotations
from typing import Annotated

import typer

from .._util.exit_codes import SOME_FAILED
from .bench import app
from .command import command


@command(app)
def gpu(
    folder: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the figures go, part by part.")
    ] = Path("results/gpu"),
    device: Annotated[
        str, typer.Option(metavar="DEVICE", help="The GPU: cuda or cuda:N.")
    ] = "cuda",
    minutes: Annotated[
        float, typer.Option(min=0.1, help="Begin no part that could take longer than this in all.")
    ] = 8.0,
    rehearse: Annotated[
        bool,
        typer.Option("--rehearse", help="Try it all on the CPU in its smallest settings first."),
    ] = False,
) -> None:
    """Run the tests and the benchmarks that need a GPU; run it again to go on where it was.

    Each part has a time limit and keeps its figures when it ends. Parts that are done are not run
    again, and one that fails does not stop the others.

    Examples:
        dwlab bench gpu --rehearse --folder results/rehearsal
        dwlab bench gpu
    """
    from ..bench.gpu.parts import parts_of
    from ..bench.gpu.suite import DONE, run_parts
    from ..bench.gpu.targets import verdicts
    from ..models import device as devices

    device = "cpu" if rehearse else devices.resolve(device)
    parts = parts_of(folder.absolute(), device, rehearse=rehearse)
    outcomes = run_parts(
        parts,
        folder.absolute(),
        seconds=60 * minutes,
        on_outcome=lambda outcome: typer.echo(outcome.line()),
    )
    typer.echo(f"\n{verdicts(folder)}")
    left = [outcome.part for outcome in outcomes if outcome.status != DONE]
    if left:
        typer.echo(f"\nnot done: {', '.join(left)}; the same command goes on with them")
        raise typer.Exit(SOME_FAILED)
