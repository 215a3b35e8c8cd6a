"""`dwlab gc`: what nothing holds any longer, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations

if TYPE_CHECKING:
    from ..store.garbage import Garbage, UnusedFile


def gc(
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove it (default: only say what would be removed).")
    ] = False,
    read_back: Annotated[
        bool,
        typer.Option(
            "--read-back",
            help="Also pictures whose rows were read back after the store was lost or damaged: what "
            "held them is not known.",
        ),
    ] = False,
    results: ResultsOption = None,
) -> None:
    """Find what no experiment, star, pin, note or vote holds: pictures, start pictures, code and rows.

    Files that no row names stay for a day. Running sweeps and servers lose nothing.

    Examples:
        dwlab gc
        dwlab gc --yes
    """
    from ..paths import results_folder
    from ..store.garbage import find_garbage, remove_garbage

    root = results_folder(results)
    garbage = find_garbage(root, read_back=read_back)
    if yes and garbage:
        removed = remove_garbage(root, garbage)
        typer.echo(_description(removed))
        typer.echo("these were removed")
        return
    typer.echo(_description(garbage))
    if garbage:
        typer.echo("nothing was removed yet; `dwlab gc --yes` removes these")


def _description(garbage: Garbage) -> str:
    """What nothing holds, and what stays although it could go."""
    from .._util.text_table import text_table

    rows = [
        ("pictures", f"{len(garbage.pictures):,}", _size(garbage.pictures)),
        ("start pictures and code", f"{len(garbage.inputs):,}", _size(garbage.inputs)),
        ("cells", f"{len(garbage.cells):,}", ""),
        ("cells that are gone, with rows", f"{garbage.leftovers:,}", ""),
    ]
    lines = [text_table(rows, numbers=(1, 2))]
    if garbage.read_back:
        lines.append(
            f"{garbage.read_back:,} cells stay: the store was lost or damaged once, so what held them "
            "is not known; run their sweeps again, or remove them with --read-back"
        )
    if garbage.note:
        lines.append(garbage.note)
    return "\n".join(lines)


def _size(files: list[UnusedFile]) -> str:
    from tqdm import tqdm

    return tqdm.format_sizeof(sum(file.bytes for file in files), "B")
