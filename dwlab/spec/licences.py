"""The licence that a model's own files name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CARD_LIMIT = 1 << 20  # bytes of a model's card
# in the head of a card, between two lines of ---
_LINE = re.compile(r"^license(?:_name)?:\s*[\"']?([\w.+-]{2,60})", re.MULTILINE)
_FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE")


def of_folder(folder: Path) -> str | None:
    """The licence that a folder's card names, or its file; None if there is neither."""
    try:
        with (folder / "README.md").open("rb") as card:
            head = card.read(CARD_LIMIT).decode(errors="replace").split("\n---", 1)[0]
    except OSError:
        head = ""
    match = _LINE.search(head)
    if match:
        return match[1]
    return next((f"see {name}" for name in _FILES if (folder / name).is_file()), None)
