"""`dwlab bench quality`: what speed costs."""

from __future__ import annotations

from typing import Annotated

import typer

from .bench import app
from .command import DeviceOption, ResultsOption, command


@command(app)
def quality(
    model: Annotated[
        str, typer.Argument(metavar="[MODEL]", help="Catalog name, diffusers folder or hub id.")
    ] = "shapes",
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT", help="Try ways with this in their names, beside plain; repeat for more."
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RECIPE",
            help="A way of your own, by what differs from plain, like '{vae: ./taesd}'; repeat for "
            "more.",
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps of the plain way (default: the model's).")
    ] = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="A prompt; repeat for more (default: six)."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Seeds per prompt (default: 4).")
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="A network like CLIP, to score and compare pictures (shapes has its own).",
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="How far the score may fall behind (default: the metric's, or 0.03)."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="Timed turns of each way.")] = 3,
    pictures: Annotated[
        int, typer.Option(min=1, max=1000, help="Pictures per turn, which share forwards.")
    ] = 8,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Fewer settings, prompts, seeds and rounds; no compiling."),
    ] = False,
    device: DeviceOption = "auto",
    results: ResultsOption = None,
) -> None:
    """Draw the frontier of seconds against drift: every way to draw sooner that this model has here.

    All pictures are an ordinary sweep, so run the same command again to go on where it was.

    Examples:
        dwlab bench quality --quick
        dwlab bench quality shapes --only steps --only deep_cache
        dwlab bench quality sd15 --also "{vae: ./taesd}"
    """
    from ..bench.quality.study import check_margin, study
    from ..workflows.bench_quality import execute_quality

    check_margin(margin)
    what = study(
        model,
        device=device,
        steps=steps,
        prompts=prompt or (),
        seeds=seeds,
        only=only or (),
        also=also or (),
        network=network,
        quick=quick,
    )
    turns = min(rounds, 2) if quick else rounds
    report, path = execute_quality(
        what, results=results, rounds=turns, pictures=pictures, margin=margin
    )
    typer.echo(report.text())
    typer.echo(f"\n{path}\n{path.with_suffix('.png')}")
