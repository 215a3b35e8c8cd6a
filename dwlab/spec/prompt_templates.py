"""Prompts with names in braces: which names they have, and the texts that they make."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from .names import SPELLINGS, TEXTS
from .params import FIELDS
from .prompt_text import PROMPT_LIMIT
from .table_columns import COLUMNS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BRACES = re.compile(r"\{\{|\}\}|\{([A-Za-z_]\w*)\}")

# a placeholder must not hide a column of the table, nor the sweep's own name
TAKEN = frozenset({"name", *(c.name for c in COLUMNS if c.kind is not Kind.PARAMETER)})


@dataclass(frozen=True)
class _PromptTemplate:
    """A prompt in parts: a text, then for each placeholder its name and the text after it."""

    start: str
    names: tuple[str, ...]
    texts: tuple[str, ...]

    def filled(self, values: Mapping[str, str]) -> str:
        parts = [self.start]
        for name, text in zip(self.names, self.texts, strict=True):
            parts.append(values[name])
            parts.append(text)
        return "".join(parts)

    def length(self, values: Mapping[str, str]) -> int:
        """How long the filled text would be."""
        written = len(self.start) + sum(map(len, self.texts))
        return written + sum(len(values[name]) for name in self.names)


def names(text: str) -> set[str]:
    """The names in braces."""
    return {match[1] for match in _BRACES.finditer(text) if match[1]}


def names_in_prompts(base: Mapping[str, object], axes: Mapping[str, object]) -> frozenset[str]:
    """The names in braces in all prompts of a sweep."""
    return frozenset().union(*(names(text) for text in _prompts(base, axes)))


def _prompts(base: Mapping[str, object], axes: Mapping[str, object]) -> Iterator[str]:
    for name in TEXTS:
        column = _written_texts(axes.get(name))
        for text in (base.get(name), *column):
            if isinstance(text, str):
                yield text


def _written_texts(values: object) -> Iterable[object]:
    """The texts of an axis as they are written; those of variants have placeholders too."""
    if isinstance(values, Mapping):
        return values.values()
    return values if isinstance(values, list | tuple) else ()


def check_name(name: str) -> None:
    """Raise InvalidInput for a placeholder that would hide a column of the table or a parameter."""
    if name in TAKEN:
        allowed = "another word: the table has a column of that name"
        raise InvalidInput("prompt", f"{{{name}}}", allowed)
    if name in FIELDS or name in SPELLINGS:
        allowed = f"another word, because {name} is a parameter; {{{{{name}}}}} is the plain text"
        raise InvalidInput("prompt", f"{{{name}}}", allowed)


def fill(field: str, text: str, values: Mapping[str, object]) -> str:
    """`text` with the values of its placeholders; `{{` and `}}` are plain braces.

    Raises InvalidInput for a name without a value, and for a text that would be too long before it
    is put together.
    """
    if len(text) > PROMPT_LIMIT:
        raise _too_long(field, text, len(text))
    template = _parse(text)
    for name in template.names:
        _check_has_value(field, name, values)
    written = {name: str(values[name]) for name in template.names}
    length = template.length(written)
    if length > PROMPT_LIMIT:
        raise _too_long(field, text, length)
    return template.filled(written)


@functools.lru_cache(maxsize=64)
def _parse(text: str) -> _PromptTemplate:
    names: list[str] = []
    texts = [""]
    end = 0
    for match in _BRACES.finditer(text):
        texts[-1] += text[end : match.start()]
        end = match.end()
        name = match[1]
        if name:
            names.append(name)
            texts.append("")
        else:
            texts[-1] += match[0][0]  # {{ is one brace
    texts[-1] += text[end:]
    return _PromptTemplate(start=texts[0], names=tuple(names), texts=tuple(texts[1:]))


def _check_has_value(field: str, name: str, values: Mapping[str, object]) -> None:
    if name in values and name not in FIELDS:
        return
    axes = ", ".join(axis for axis in values if axis not in FIELDS) or "none is"
    allowed = f"a placeholder that is an axis ({axes}); write {{{{{name}}}}} for the plain text"
    raise InvalidInput(field, f"{{{name}}}", allowed)


def _too_long(field: str, text: str, length: int) -> InvalidInput:
    allowed = f"at most {PROMPT_LIMIT:,} characters (with placeholders filled in: {length:,})"
    return InvalidInput(field, text, allowed)
