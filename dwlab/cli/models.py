"""`dwlab models` and `dwlab pull`: models by name, and their downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .._util.text_table import text_table

if TYPE_CHECKING:
    from ..spec.model_entry import Entry


def models() -> None:
    """List the models that dwlab knows by name."""
    from ..spec.catalog import CATALOG

    head = ("model", "family", "size", "steps", "guidance", "where its files are")
    rows = [_row(entry) for entry in CATALOG.values()]
    typer.echo(text_table(rows, head, numbers=(3, 4)))
    typer.echo("Any diffusers folder or hub id (owner/name) works too.")


def _row(entry: Entry) -> tuple[str, ...]:
    """A model's defaults, and where its files are."""
    if entry.random:
        where = "random weights, for benchmarks"
    else:
        where = "in dwlab" if entry.local else entry.source
    size = f"{entry.width}x{entry.height}"
    return entry.name, entry.family, size, str(entry.steps), f"{entry.guidance:g}", where


def pull(
    model: Annotated[
        str, typer.Argument(help="A catalog name or hub id (owner/name, owner/name@revision).")
    ],
    variant: Annotated[
        str | None, typer.Option(help="Form of the model's weights, like fp16.")
    ] = None,
) -> None:
    """Download a model, or complete an interrupted download."""
    from ..models.identity import identify

    typer.echo(f"{model} is in {identify(model, variant=variant).folder}")
