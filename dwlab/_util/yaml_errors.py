"""What is wrong with a text that is not YAML: the line, what is written there, and the remedy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import InvalidInput

if TYPE_CHECKING:
    import yaml

QUOTES = 'text in quotes, like "a star"'
_CLOSE_QUOTES = (
    "quotes around the whole text; "
    'a quote of the same kind inside is doubled in \'...\' and written \\" in "..."'
)
# a part of what the parser says -> what to do; the first that fits counts
_REMEDIES = {
    r"character '\\t'": "spaces; YAML allows no tab here",
    r"that cannot start any token": QUOTES,
    r"alphabetic or numeric character": QUOTES,
    r"mapping values are not allowed": (
        "one `name: value` per line; text with a colon and a blank in it goes in quotes"
    ),
    r"another document": "one experiment per file, without a line `---` inside",
    r"unknown escape": (
        "\\\\ for a backslash within double quotes, or single quotes around the text"
    ),
    r"scanning a quoted scalar|scanning a double-quoted scalar": (
        f"a closing quote: {_CLOSE_QUOTES}"
    ),
    r"block sequence": "list items that begin in the same column",
    r"could not find expected ':'": (
        "`name: value`, with a blank after the colon; the rest of a long text is indented further"
    ),
    r"parsing a flow": (
        "a closed list [a, b] or map {a: 1}; text that begins with a bracket or a brace goes in "
        "quotes"
    ),
    r"parsing a block": (
        f"names in the same column; text that begins with a quote, bracket or brace needs "
        f"{_CLOSE_QUOTES}"
    ),
}
_ANY_REMEDY = (
    "`name: value` lines, lists and maps; "
    "text with characters that YAML uses (: # & * ! % @ { } [ ]) goes in quotes"
)


def explained(error: yaml.YAMLError, text: str, source: str) -> InvalidInput:
    """The parser's error as one of ours. text, source: what was read, and its name in errors."""
    from yaml.error import MarkedYAMLError
    from yaml.reader import ReaderError

    if isinstance(error, ReaderError):
        return _control_character(error.position, text, source)
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        return _at_a_mark(error, text, source)
    return InvalidInput(source, "a text that cannot be read", _ANY_REMEDY)


def _control_character(position: int, text: str, source: str) -> InvalidInput:
    line = text.count("\n", 0, position) + 1
    character = text[position : position + 1]
    allowed = 'text without control characters (within double quotes they are escapes: "\\x07")'
    return InvalidInput(f"{source} line {line}", character, allowed)


def _at_a_mark(error: yaml.MarkedYAMLError, text: str, source: str) -> InvalidInput:
    message = f"{error.context or ''} {error.problem or ''}"
    mark = error.problem_mark
    if "quoted scalar" in message and error.context_mark is not None:
        # a quote without its end: the parser notices at the end of the file, far from the quote
        mark = error.context_mark
    line = mark.line if mark else 0
    return InvalidInput(f"{source} line {line + 1}", _line_of(text, line), _remedy(message))


def _remedy(message: str) -> str:
    for pattern, remedy in _REMEDIES.items():
        if re.search(pattern, message):
            return remedy
    return _ANY_REMEDY


def _line_of(text: str, line: int) -> str:
    """A line as it was written; beyond the last one, the last."""
    lines = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text)
    return lines[min(line, len(lines) - 1)].strip(" ")
