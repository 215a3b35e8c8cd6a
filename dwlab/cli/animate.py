"""`dwlab animate`: a sweep's pictures as they change along an axis."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations
from .completion import NameArgument  # noqa: TC001  # typer reads the annotations
from .selection_options import (
    ColumnsOption,  # typer reads the annotations
    RowsOption,  # typer reads the annotations
    WhereOption,  # typer reads the annotations
    names_in,
)


def animate(
    name: NameArgument,
    along: Annotated[
        str, typer.Option(help="The axis that becomes time, like steps.", metavar="AXIS")
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A .gif, .webp or .mp4 (default: NAME-AXIS.gif here)."),
    ] = None,
    fps: Annotated[float, typer.Option(help="Values per second, 0.1 to 50.")] = 2.0,
    side: Annotated[
        int, typer.Option(help="Pixels of a cell, 16 to 1024.", metavar="PIXELS")
    ] = 128,
    rows: RowsOption = None,
    columns: ColumnsOption = None,
    where: WhereOption = None,
    results: ResultsOption = None,
) -> None:
    """Show how the pictures of a sweep change along an axis, a labelled frame per value.

    All other axes stand in rows and columns.

    Examples:
        dwlab animate quickstart --along steps
        dwlab animate quickstart --along steps --where colour=red -o steps.mp4
    """
    from tqdm import tqdm

    from ..analysis.selection import selected
    from ..runs.results import Results
    from ..views.animation.files import save_animation

    table = selected(Results(results).table(name), where or ())
    path = save_animation(
        table,
        output or Path(f"{name}-{along}.gif"),
        along,
        fps=fps,
        rows=names_in(rows),
        columns=names_in(columns),
        side=side,
        follow=lambda frames: tqdm(frames, total=frames.count, unit=" frames", disable=None),
    )
    typer.echo(str(path))
