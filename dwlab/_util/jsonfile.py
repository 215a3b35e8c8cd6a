"""Reading JSON objects from files and texts of strangers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from .regular_file import open_regular

if TYPE_CHECKING:
    from pathlib import Path

SIZE_LIMIT = 1 << 20  # bytes of a config; those of published models have a few thousand


def read_object(path: Path, limit: int = SIZE_LIMIT) -> dict[str, Any]:
    """The JSON object in a regular file of at most `limit` bytes.

    Raises ModelError for anything else.
    """
    try:
        with open_regular(path) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            size = f"{limit / (1 << 20):g} MiB"
            raise ModelError(f"{path} is larger than {size}, too large for what it should be")
        value = json.loads(data.decode())
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} does not hold JSON: {error}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path} does not hold a JSON object")
    return value


def object_in(text: object) -> dict[str, Any]:
    """The JSON object in a text; an empty one if there is none."""
    try:
        value = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
