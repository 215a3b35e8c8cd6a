"""The prompt bench in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..models.quiet import quiet_libraries
from ..paths import project_folder, project_results
from ..spec.compute import Compute

if TYPE_CHECKING:
    from pathlib import Path

    from ..widgets.explore.explorer import Explorer


def explore(
    model: str = "shapes", *, results: str | Path | None = None, device: str = "auto"
) -> Explorer:
    """The prompt bench: write a prompt, watch its picture form, go back to what was made.

    model: as of `dwlab.load`. results: the results folder, seen from the project, if not the usual one. The bench's `params`, `image` and
    `history` serve in the next cells. Raises ModelError for a model of no name here.
    """
    from ..models.tokens import count_tokens
    from ..render.renderer import render
    from ..widgets.explore.explorer import Explorer
    from ..workflows.sweep import execute

    quiet_libraries()
    root = project_results(results)
    if before := _open_benches.pop(
        (root, model), None
    ):  # the cell ran again: nobody sees or stops the one before
        before.cancel()
    bench = Explorer(
        root=root, project=project_folder(), render=render, execute=execute,
        count_tokens=count_tokens, model=model, compute=Compute(device=device),
    )  # fmt: skip
    _open_benches[root, model] = bench
    return bench


_open_benches: dict[tuple[Path, str], Explorer] = {}
