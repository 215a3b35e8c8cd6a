"""The parts of a row that say which code made it, the same for methods and for classes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...errors import InvalidInput
from .parameters import NAME, TEXT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_SHA256 = re.compile("[0-9a-f]{64}")


def name_code_and_file(
    field: str, values: Mapping[str, object], parts: Collection[str], kind: str
) -> tuple[str, str, str]:
    """The name, the hash and the file of a function or class as a row says them.

    parts: what `values` may hold. kind: function or class, for errors. Raises InvalidInput.
    """
    for part, value in values.items():
        if part not in parts:
            raise InvalidInput(f"{field}.{part}", value, f"one of {', '.join(parts)}")
    name = values.get("name")
    code = values.get("code")
    file = values.get("file", "")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InvalidInput(f"{field}.name", name, f"the name of a {kind}")
    if not isinstance(code, str) or not _SHA256.fullmatch(code):
        raise InvalidInput(f"{field}.code", code, "the 64 digits of a hash, in lower case")
    if not isinstance(file, str) or len(file) > TEXT_LIMIT:
        raise InvalidInput(f"{field}.file", file, "the path of a file")
    return name, code, file
