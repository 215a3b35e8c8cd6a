"""`dwlab convert`: makes a safetensors file of a pickled checkpoint."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import Annotated

import typer


def convert(
    file: Annotated[Path, typer.Argument(help="A checkpoint: .ckpt, .bin, .pt or .pth.")],
    output: Annotated[
        Path | None,
        typer.Option(help="The file to make (default: beside it, as .safetensors)."),
    ] = None,
) -> None:
    """Make a .safetensors file of a pickled checkpoint, without running code in it.

    Examples:
        dwlab convert old-model.ckpt
        dwlab convert old-model.ckpt --output new-model.safetensors
    """
    from ..models.conversion import convert as make

    made = make(file.expanduser(), output.expanduser() if output else None)
    layout = f", layout {made.layout}" if made.layout else ""
    typer.echo(f"{made.path}: {made.tensors:,} tensors, {made.size / 1e9:.2f} GB{layout}")
    if made.left_out:
        typer.echo(f"left out, because they are not tensors: {', '.join(made.left_out)}")
