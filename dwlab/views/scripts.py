"""Scripts of pages: small files that are joined to one script, without a build step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def joined(folder: Path, names: Iterable[str]) -> str:
    """The scripts of these names in a folder, one after the other."""
    texts = [(folder / f"{name}.js").read_text("utf-8") for name in names]
    return "".join(texts)


HERE = Path(__file__).parent
# Helpers that every page's own scripts use; they come first.
ELEMENTS = joined(HERE, ["elements", "icons", "controls", "typing", "clipboard"])
# A picture at full size, over the page.
PICTURE_DIALOG = joined(HERE, ["zoom", "picture_dialog"])
PICTURE_DIALOG_STYLE = HERE / "picture_dialog.css"
