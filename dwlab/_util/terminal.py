"""What a bar must know of the terminal that it is drawn on."""

from __future__ import annotations

import io
import os
from typing import Any, TextIO


def bar_size(stream: TextIO) -> dict[str, Any]:
    """Options of tqdm for the size of a bar: the terminal's, or 79 columns on one that does not know its size.

    Pseudo-terminals of `script`, of containers and of CI say 0 rows or columns, on which tqdm draws nothing.
    """
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, io.UnsupportedOperation):
        return {"dynamic_ncols": True}
    return (
        {"dynamic_ncols": True}
        if size.lines and size.columns
        else {"ncols": size.columns or 79, "nrows": 24}
    )
