"""`dwlab why`: what made a picture, and why another one differs."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer

from .command import DeviceOption, ResultsOption  # noqa: TC001  # typer reads the annotations


def why(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="A PNG with a recipe.")],
    other: Annotated[
        Path | None, typer.Argument(metavar="[OTHER]", help="A second one to compare it with.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="The model that stands for another tool's: draws the picture with one switch after "
            "the other, and measures the distance.",
            metavar="MODEL",
        ),
    ] = None,
    device: DeviceOption = "auto",
    results: ResultsOption = None,
) -> None:
    """Say why a picture differs from another, or from what dwlab makes of its recipe.

    Reads recipes of dwlab, AUTOMATIC1111, Forge, SD.Next, ComfyUI, InvokeAI, SwarmUI and others.

    Examples:
        dwlab why picture.png
        dwlab why mine.png theirs.png
        dwlab why theirs.png --model my-model.safetensors
    """
    from ..workflows.why.explanation import explain

    typer.echo(explain(picture, other, model=model, device=device, results=results))
