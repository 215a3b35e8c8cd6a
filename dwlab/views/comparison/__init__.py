"""Two pictures compared in a page: the viewer and the prompt bench share these scripts and this style."""

from __future__ import annotations

from pathlib import Path

from ..scripts import joined

HERE = Path(__file__).parent
# after the elements and controls of all pages
COMPARISON = joined(HERE, ["words", "changes", "zoom", "pair"])
COMPARISON_STYLE = HERE / "comparison.css"
