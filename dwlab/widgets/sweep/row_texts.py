"""The texts in the editors of the sweep panel, and the values that they stand for."""

from __future__ import annotations

import json

from ..._util import yamlfile
from ..._util.checks import is_number
from ...errors import InvalidInput
from ...spec.dotted import is_parameter
from ...spec.names import LISTS, TEXTS
from ...spec.typed_values import BRACKETS, typed_value

QUOTES = "'\""


def items_of(name: str, text: str) -> list[object]:
    """The values that one part of a list stands for: `2, 5` are two of them, nothing is none.

    The words of prompts are taken as they are, and those for placeholders unless they are a list, a
    number, or in quotes. Raises InvalidInput for what is not plain YAML.
    """
    if not text.strip():
        return []
    if name in TEXTS:
        return [text]
    value = typed_value(name, text) if is_parameter(name) else _word(name, text)
    is_several = isinstance(value, list) and name not in LISTS
    return value if is_several and isinstance(value, list) else [value]


def text_of(name: str, value: object) -> str:
    """A value as it stands in a field: a text as it is if it is read so, anything else as YAML."""
    if value is None:
        return ""
    if not isinstance(value, str) or name in TEXTS:
        return value if isinstance(value, str) else as_yaml(value)
    forms = ([value] if "\n" not in value else []) + [as_yaml(value)]
    read_as_it_is = [text for text in forms if _is_read_as(name, text, value)]
    return read_as_it_is[0] if read_as_it_is else json.dumps(value, ensure_ascii=False)


def _is_read_as(name: str, text: str, value: str) -> bool:
    try:
        return items_of(name, text) == [value]
    except InvalidInput:
        return False


def as_yaml(value: object) -> str:
    """A value on one line, as YAML in flow style."""
    if isinstance(value, range):
        value = {"range": [value.start, value.stop, value.step]}
    if isinstance(value, tuple):
        value = list(value)
    return yamlfile.dump(value, flow=True).removesuffix("...\n").strip()


def _word(name: str, text: str) -> object:
    """What stands for a placeholder: mostly just words, commas and colons included."""
    try:
        value = typed_value(name, text)
    except InvalidInput:
        if text.lstrip().startswith(BRACKETS):
            raise
        return text
    trimmed = text.strip()
    is_quoted = len(trimmed) > 1 and trimmed[0] in QUOTES and trimmed[0] == trimmed[-1]
    is_map = isinstance(value, dict) and text.lstrip().startswith("{")
    return value if isinstance(value, list) or is_map or is_number(value) or is_quoted else text
