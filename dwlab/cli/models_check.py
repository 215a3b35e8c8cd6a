"""`dwlab models check`: what would go wrong with a model before a run."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from .._util.text_table import text_table

if TYPE_CHECKING:
    from ..models.checkup import Checkup

WOULD_FAIL = 2


def check(
    model: Annotated[str, typer.Argument(help="A folder or file.")],
    config: Annotated[
        str,
        typer.Option(
            help="Configs of a file: a layout that ships with dwlab, or a folder.",
            metavar="LAYOUT|FOLDER",
        ),
    ] = "",
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say everything that would go wrong with a folder or file before a run (exit code 2).

    Examples:
        dwlab models check my-model.safetensors
        dwlab models check models/my-model --json
    """
    from ..models import checkup

    result = checkup.check(model, config)
    typer.echo(_as_json(result) if json_output else _as_text(result))
    if not result.fits:
        raise typer.Exit(WOULD_FAIL)


def _as_json(result: Checkup) -> str:
    return json.dumps({"fits": result.fits, **asdict(result)}, indent=1)


def _as_text(result: Checkup) -> str:
    rows = [
        (f"{name}:", f"{value:,}" if isinstance(value, int) else str(value))
        for name, value in result.facts.items()
    ]
    lines = [text_table(rows)] if rows else []
    lines += [f"{problem.level} ({problem.code}): {problem.text}" for problem in result.problems]
    lines.append("a run would begin" if result.fits else "a run would not begin")
    return "\n".join(lines)
