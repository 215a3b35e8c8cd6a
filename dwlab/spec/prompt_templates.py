"""Prompts with names in braces: which names they have, and the texts that they make."""

from __future__ import annotations

import functools
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from .names import SPELLINGS
from .params import FIELDS
from .prompt_text import PROMPT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_]\w*)\}")

# a key of the sweep, and columns of the results table beside the parameters, which a placeholder must not hide
TAKEN = frozenset((
    "name", "key", "experiment", "device", "seconds", "device_seconds", "status", "error", "image", "created", "versions",
    "pixels", "brightness", "contrast", "sharpness", "colourfulness", "blank", "nan", "found_shape", "found_colour",
    "found_size", "found_position", "found_background", "adherence", "stars",
))  # fmt: skip


@dataclass(frozen=True)
class _Template:
    """A prompt in parts: plain texts, and names (the second of a pair says which), with how often each name stands."""

    parts: tuple[tuple[str, bool], ...]
    counts: Mapping[str, int]
    plain: int  # characters that are no placeholder's


def names(text: str) -> set[str]:
    """The names in braces."""
    return {match[1] for match in _PLACEHOLDER.finditer(text) if match[1]}


def check_name(name: str) -> None:
    """Raise InvalidInput for a name in braces that would hide a column of the table, or means a parameter."""
    if name in TAKEN:
        raise InvalidInput(
            "prompt", f"{{{name}}}", "another word: the table has a column of that name"
        )
    if name in FIELDS or name in SPELLINGS:
        raise InvalidInput(
            "prompt",
            f"{{{name}}}",
            f"another word, for {name} is a parameter; {{{{{name}}}}} is the plain text",
        )


def fill(field: str, text: str, values: Mapping[str, Any]) -> str:
    """`text` with its placeholders' values in it; `{{` and `}}` are plain braces.

    Raises InvalidInput for a name without a value, and, before anything is put together, for a text that would be too long.
    """
    if len(text) > PROMPT_LIMIT:
        raise _too_long(field, text, len(text))
    template = _parse(text)
    said = {name: str(_value(field, name, values)) for name in template.counts}
    length = template.plain + sum(
        len(said[name]) * count for name, count in template.counts.items()
    )
    if length > PROMPT_LIMIT:
        raise _too_long(field, text, length)
    return _joined(template, tuple(said.values()))


@functools.lru_cache(maxsize=64)
def _parse(text: str) -> _Template:
    parts, end = [], 0
    for match in _PLACEHOLDER.finditer(text):
        parts.append((text[end : match.start()], False))
        parts.append((match[1], True) if match[1] else (match[0][0], False))
        end = match.end()
    parts.append((text[end:], False))
    plain = sum(len(part) for part, named in parts if not named)
    return _Template(tuple(parts), Counter(part for part, named in parts if named), plain)


def _joined(template: _Template, values: tuple[str, ...]) -> str:
    said = dict(zip(template.counts, values, strict=True))
    return "".join(said[part] if named else part for part, named in template.parts)


def _value(field: str, name: str, values: Mapping[str, Any]) -> Any:
    if name in values and name not in FIELDS:
        return values[name]
    axes = ", ".join(axis for axis in values if axis not in FIELDS) or "none is"
    raise InvalidInput(
        field,
        f"{{{name}}}",
        f"a placeholder that is an axis ({axes}); write {{{{{name}}}}} for the plain text",
    )


def _too_long(field: str, text: str, length: int) -> InvalidInput:
    return InvalidInput(
        field,
        text,
        f"at most {PROMPT_LIMIT:,} characters (this has {length:,}, its placeholders filled in)",
    )
