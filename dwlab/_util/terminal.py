"""How large a progress bar may be on the terminal that it is drawn on."""

from __future__ import annotations

import io
import os
from typing import Any, TextIO


def bar_size(stream: TextIO) -> dict[str, Any]:
    """The options of tqdm for a bar as wide as the terminal.

    A terminal that does not know its size gets 79 columns: those of `script`, of containers and of
    CI report 0 rows or columns, and tqdm would draw nothing there.
    """
    as_wide_as_the_terminal = {"dynamic_ncols": True}
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, io.UnsupportedOperation):
        return as_wide_as_the_terminal
    if size.lines and size.columns:
        return as_wide_as_the_terminal
    return {"ncols": size.columns or 79, "nrows": 24}
