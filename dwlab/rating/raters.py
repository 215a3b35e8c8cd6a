"""The names of raters, which are text that anybody may have written."""

from __future__ import annotations

import getpass

from ..errors import InvalidInput

NAME_LENGTH = 60


def check_rater(name: object) -> str:
    """A rater's name, without spaces around it; raises InvalidInput."""
    text = name.strip() if isinstance(name, str) else ""
    if text and len(text) <= NAME_LENGTH and text.isprintable():
        return text
    raise InvalidInput(
        "rater", name, f"a name of 1 to {NAME_LENGTH} characters without control characters"
    )


def usual_rater() -> str:
    """The name of this machine's user."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # the user of a container may have none
        return "me"
