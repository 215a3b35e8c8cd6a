"""What to say of pictures whose prompts the model did not read to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._util.counted import counted

if TYPE_CHECKING:
    from collections.abc import Sequence


def cut_note(cuts: Sequence[str]) -> str | None:
    """One line about pictures of prompts that were too long; None if there are none.

    cuts: what was not read, of each such picture.
    """
    if not cuts:
        return None
    subject = counted(len(cuts), "picture")
    return f"{subject} of prompts that the model did not read to the end, like {cuts[0]}"
