"""JSON as a request's body: plain data, each key once, and errors that say where."""

from __future__ import annotations

import json
from typing import Any

from ...errors import InvalidInput


def read(text: str) -> Any:
    """The value in a JSON text; raises InvalidInput with line and column."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_not_a_number)
    except json.JSONDecodeError as error:
        place = f"the body line {error.lineno} column {error.colno}"
        raise InvalidInput(place, error.msg, "JSON") from None
    except RecursionError:
        raise InvalidInput("the body", "deeply nested lists or maps", "few levels") from None
    except ValueError as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(
            "the body", "a number of more than 4,300 digits", "shorter numbers"
        ) from None


def text_of(body: bytes) -> str:
    """A body's text; raises InvalidInput for bytes that are not UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"the body at byte {error.start + 1}", body[error.start : error.end], "UTF-8"
        ) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        seen: set[str] = set()
        for name, value in pairs:
            if name in seen:
                raise InvalidInput(name, value, "each key once")
            seen.add(name)
    return values


def _not_a_number(word: str) -> Any:
    raise InvalidInput("the body", word, "finite numbers, as JSON has them")
