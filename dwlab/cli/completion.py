"""What a shell completes besides commands and options: experiments and models."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import DwlabError


def experiment_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """The experiments of the results folder whose names begin like that; none if it has none."""
    from ..paths import results_folder
    from ..store.store import open_existing

    try:
        with open_existing(results_folder(ctx.params.get("results"))) as store:
            names = list(store.experiments.specs()) if store else []
    # a shell has no place for an error
    except DwlabError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def model_names(incomplete: str) -> list[str]:
    """The models that dwlab knows by a name that begins like that."""
    from ..spec.catalog import CATALOG

    return [name for name in CATALOG if name.startswith(incomplete)]


NameArgument = Annotated[
    str, typer.Argument(help="The experiment's name.", autocompletion=experiment_names)
]
