"""What text a prompt may be, and how it is kept."""

from __future__ import annotations

import re

from ..errors import InvalidInput

PROMPT_LIMIT = 20_000  # characters; every text encoder cuts off far earlier
UNWRITABLE = re.compile("[\0\ud800-\udfff]")  # neither SQLite nor UTF-8 can hold these


def stripped(text: str) -> str:
    """A prompt without the white space around it, and with plain line ends.

    This is the text that is drawn and that goes into the key: a file's last line end, or another
    system's line ends, must not make a second key for the same picture.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.strip()


def checked_prompt(name: str, value: object) -> str:
    """A prompt as it is kept; raises InvalidInput if it is not text, too long or not writable."""
    if not isinstance(value, str):
        raise InvalidInput(name, value, "text (put it in quotes)")
    if len(value) > PROMPT_LIMIT:
        allowed = f"at most {PROMPT_LIMIT:,} characters (this has {len(value):,})"
        raise InvalidInput(name, value, allowed)
    if UNWRITABLE.search(value):
        raise InvalidInput(name, value, "text without NUL characters or lone surrogates")
    return stripped(value)
