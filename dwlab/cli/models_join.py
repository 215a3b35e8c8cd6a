"""`dwlab models join`: one model of a prior and a decoder."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads it
from typing import Annotated

import typer


def join(
    decoder: Annotated[Path, typer.Argument(help="The folder of the decoder.")],
    prior: Annotated[Path, typer.Argument(help="The folder of the prior.")],
    output: Annotated[Path, typer.Argument(help="The folder to make, which links to their parts.")],
) -> None:
    """Make one model of a decoder and a prior, like those of Kandinsky or Stable Cascade.

    Examples:
        dwlab models join decoder/ prior/ my-kandinsky/
    """
    from ..models import joining

    folder = joining.join(decoder.expanduser(), prior.expanduser(), output.expanduser())
    typer.echo(f"{folder} is a model; draw with it: dwlab generate PROMPT --model {folder}")
