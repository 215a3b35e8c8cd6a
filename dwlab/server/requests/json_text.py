"""JSON as a request's body: plain data, each key once, and errors that name line and column."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from ...errors import InvalidInput


def parse(text: str) -> Any:
    """The value in a JSON text; raises InvalidInput with line and column."""
    try:
        return json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        field = f"the body line {error.lineno} column {error.colno}"
        raise InvalidInput(field, error.msg, "JSON") from None
    except RecursionError:
        raise InvalidInput("the body", "deeply nested lists or maps", "fewer levels") from None
    except InvalidInput:
        raise
    except ValueError:
        value = "a number of more than 4,300 digits"
        raise InvalidInput("the body", value, "shorter numbers") from None


def decode(body: bytes) -> str:
    """A body's text; raises InvalidInput for bytes that are not UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        field = f"the body at byte {error.start + 1}"
        raise InvalidInput(field, body[error.start : error.end], "UTF-8") from None


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in pairs:
        if name in values:
            raise InvalidInput(name, value, "each key once")
        values[name] = value
    return values


def _refuse_constant(word: str) -> NoReturn:
    raise InvalidInput("the body", word, "finite numbers, as JSON has them")
