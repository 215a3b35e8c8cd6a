"""What was done with pictures of the history, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._util.counted import counted

if TYPE_CHECKING:
    from ...store.mark_changes import MarkChange


def change_words(change: MarkChange) -> str:
    """What a change did, for the button that takes it back."""
    pictures = counted(change.pictures, "picture")
    match change.mark, bool(change.value):
        case "stars", True:
            return f"{change.value} stars for {pictures}"
        case "hide", True:
            return f"hiding {pictures}"
        case "hide", False:
            return f"showing {pictures}"
        case "note", _:
            return f"the note of {pictures}"
        case "pin", True:
            return f"pinning {pictures}"
        case "pin", False:
            return f"unpinning {pictures}"
    return f"taking the stars of {pictures}"
