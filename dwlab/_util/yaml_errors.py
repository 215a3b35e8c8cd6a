"""What is wrong with a text that is not YAML, in the words of whoever wrote it: the line, what stands there, the remedy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import InvalidInput

if TYPE_CHECKING:
    import yaml

QUOTES = 'text in quotes, like "a star"'
_APOSTROPHE = 'quotes around the whole text; a quote of the same kind inside is doubled in \'...\' and written \\" in "..."'
# a part of what the parser says, and what to do; the first that fits
_REMEDIES = (
    (r"character '\\t'", "spaces, for YAML takes no tab here"),
    (r"that cannot start any token", QUOTES),
    (r"alphabetic or numeric character", QUOTES),
    (r"mapping values are not allowed", "one `name: value` a line; text with a colon and a blank in it goes in quotes"),
    (r"another document", "one experiment a file, without a line `---` inside"),
    (r"unknown escape", "\\\\ for a backslash within double quotes, or single quotes around the text"),
    (r"scanning a quoted scalar|scanning a double-quoted scalar", f"a closing quote: {_APOSTROPHE}"),
    (r"block sequence", "list items that begin in the same column"),
    (r"could not find expected ':'", "`name: value`, a blank after the colon; the rest of a long text is indented further"),
    (r"parsing a flow", "a closed list [a, b] or map {a: 1}; text that begins with a bracket or a brace goes in quotes"),
    (r"parsing a block", f"names in the same column; text with a quote, bracket or brace first needs {_APOSTROPHE}"),
)  # fmt: skip
_ELSE = "`name: value` lines, lists and maps; text with signs of YAML in it (: # & * ! % @ { } [ ]) goes in quotes"


def explained(error: yaml.YAMLError, text: str, source: str) -> InvalidInput:
    """The parser's error as one of ours."""
    from yaml.error import MarkedYAMLError
    from yaml.reader import ReaderError

    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        remedy = 'text without control characters (within double quotes they are escapes: "\\x07")'
        return InvalidInput(
            f"{source} line {line}", text[error.position : error.position + 1], remedy
        )
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return InvalidInput(source, "a text that cannot be read", _ELSE)
    said = f"{error.context or ''} {error.problem or ''}"
    remedy = next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, said)), _ELSE)
    unclosed = (
        "quoted scalar" in said and error.context_mark is not None
    )  # the problem shows at the end, far from the quote
    mark = error.context_mark if unclosed and error.context_mark else error.problem_mark
    return InvalidInput(f"{source} line {mark.line + 1}", _line_of(text, mark.line), remedy)


def _line_of(text: str, line: int) -> str:
    """A line as it was written; beyond the last one, the last."""
    lines = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text)
    return lines[min(line, len(lines) - 1)].strip(" ")
