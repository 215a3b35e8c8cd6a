"""The files that a sweep leaves for people, and where Jupyter serves them."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from ..._util.html import Html, facts_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..served_files import FileList

# what each file is, for people
LABELS = {
    "report": "Report",
    "viewer": "Viewer",
    "table": "Table (CSV)",
    "grid": "Contact sheet",
    "log": "Log",
    "pictures": "Pictures",
}


def files_of(root: Path, name: str) -> dict[str, Path]:
    """The files of the sweep `name` in a results folder, there or not, by what they are."""
    folder = root / name
    return {
        "report": folder / "report.html",
        "viewer": folder / "viewer.html",
        "table": folder / "table.csv",
        "grid": folder / "grid.png",
        "log": folder / "run.log",
        "pictures": root / "images",
    }


def file_list(root: Path, name: str) -> FileList:
    """The files of a sweep for a page."""
    return {LABELS[kind]: path for kind, path in files_of(root, name).items()}


def files_html(files: Mapping[str, Path]) -> Html:
    """Where the files are; those that do not exist are left out."""
    return facts_table(
        (kind, Html(f"<code>{html.escape(str(path))}</code>"))
        for kind, path in files.items()
        if path.exists()
    )
