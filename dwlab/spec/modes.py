"""How a picture is computed: in close mode, or in exact mode with a fixed number of rows."""

from __future__ import annotations

from .._util.checks import check_whole_number
from ..errors import InvalidInput

ROWS_LIMIT = 1024


def mode(exact: int | None) -> str:
    """The mode that a row of the store names: `close`, or `exact:` and the rows of each forward.

    Raises InvalidInput unless `exact` is None or a number of rows from 2 to 1024.
    """
    if exact is None:
        return "close"
    rows = check_whole_number("exact", exact, 2, ROWS_LIMIT, ": the rows of each forward")
    return f"exact:{rows}"


def rows_of_mode(name: str) -> int | None:
    """The rows of each forward in a mode that `mode` named, None for `close`; raises InvalidInput."""
    if name == "close":
        return None
    kind, _, rows = name.partition(":")
    if kind != "exact" or not rows.isdecimal() or len(rows) > len(str(ROWS_LIMIT)):
        raise InvalidInput("mode", name, "close, or exact: and a number of rows, like exact:8")
    return check_whole_number("exact", int(rows), 2, ROWS_LIMIT, ": the rows of each forward")
