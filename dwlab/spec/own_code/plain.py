"""Plain values of a notebook: numbers and texts, and collections of such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PLAIN = (int, float, complex, str, bytes, bool, type(None), type(Ellipsis))


def is_plain(value: object) -> bool:
    """Whether a value is a number or a text, or a collection of such."""
    try:
        return _is_plain(value)
    # a list that holds itself
    except RecursionError:
        return False


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_plain, value))
    if isinstance(value, Mapping):
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    return type(value) in _PLAIN


def canonical(value: Any) -> str:
    """A plain value as a text that is the same in every process."""
    if isinstance(value, set | frozenset):
        return f"{type(value).__name__} {sorted(map(canonical, value))}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__} {list(map(canonical, value))}"
    if isinstance(value, Mapping):
        return str([(canonical(key), canonical(inner)) for key, inner in value.items()])
    return repr(value)
