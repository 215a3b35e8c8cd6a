"""The prompt bench in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..models.quiet import quiet_libraries
from ..paths import project_folder, project_results
from ..spec.compute import Compute
from ..spec.memory import parse as parse_memory

if TYPE_CHECKING:
    from pathlib import Path

    from ..widgets.explore.explorer import Explorer


_open_benches: dict[tuple[Path, str], Explorer] = {}


def open_explorer(root: Path) -> Explorer | None:
    """The prompt bench that this kernel opened last on a results folder; None if there is none."""
    benches = [bench for (folder, _), bench in _open_benches.items() if folder == root]
    return benches[-1] if benches else None


def explore(
    model: str = "shapes",
    *,
    results: str | Path | None = None,
    device: str = "auto",
    memory: object = None,
    profile: str | None = None,
) -> Explorer:
    """The prompt bench: write a prompt, watch its picture form, go back to earlier pictures.

    model: see `dwlab.load`. results: the results folder, seen from the project, if not the usual
    one. memory: "auto", or names of measures that save memory (docs/memory.md). profile: how the
    model is computed: None for stock, "compile", "openvino", or "fast" for what `dwlab bench tune`
    found. The bench's `params`, `image` and `history` can be used in the next cells. Raises
    ModelError for an unknown model.
    """
    from ..models.tokens import count_tokens
    from ..render.renderer import render
    from ..widgets.explore.explorer import Explorer
    from ..workflows.sweep import execute

    quiet_libraries()
    root = project_results(results)
    # if the cell runs again, nobody can see or stop the bench before
    before = _open_benches.pop((root, model), None)
    if before:
        before.cancel()
    bench = Explorer(
        root=root,
        project=project_folder(),
        render=render,
        execute=execute,
        count_tokens=count_tokens,
        model=model,
        compute=Compute(device=device, memory=parse_memory(memory), profile=profile),
    )
    _open_benches[root, model] = bench
    return bench
