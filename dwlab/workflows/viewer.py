"""An experiment's viewer, made from what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..paths import experiment_folder
from ..runs.results import Results
from ..views.viewer.page import FILE, save_viewer

if TYPE_CHECKING:
    from pathlib import Path


def make_viewer(root: Path, name: str, *, output: Path | None = None, embed: bool = False) -> Path:
    """Write the viewer of an experiment of the results folder `root`; returns its path.

    output: the file, if not the one beside the report. embed: put the full pictures into it. Raises
    InvalidInput for an experiment that never ran here.
    """
    table = Results(root).table(name)
    path = output or experiment_folder(root, name) / FILE
    save_viewer(table, path, title=name, embed=embed)
    return path
