"""Text that anybody may have written, put into a line with other text."""

from __future__ import annotations

import unicodedata

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
_RIGHT_TO_LEFT = {"R", "AL", "AN"}
# characters that change the direction of what follows them, beyond the end of their own text
_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def isolated(text: str) -> str:
    """The text so that it does not change the direction of what stands beside it.

    Text that runs from left to right throughout stays as it is. See Unicode Standard Annex 9.
    """
    directions = {unicodedata.bidirectional(character) for character in text}
    if directions.isdisjoint(_RIGHT_TO_LEFT | _CONTROLS):
        return text
    kept = [each for each in text if unicodedata.bidirectional(each) not in _CONTROLS]
    return f"{FIRST_STRONG_ISOLATE}{''.join(kept)}{POP_ISOLATE}"
