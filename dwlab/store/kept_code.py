"""The code that made pictures, kept in the results folder once per hash, for people to read.

It is never run from here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from .._util.regular_file import open_regular
from .database import explained

if TYPE_CHECKING:
    from pathlib import Path

# no experiment can have this name
FOLDER = "_code"
SIZE_LIMIT = 1 << 26  # bytes
_DIGEST = re.compile("[0-9a-f]{64}")


def keep(root: Path, digest: str, text: str) -> None:
    """Write code under its hash, unless it is there."""
    path = _path(root, digest)
    if not path.exists():
        with explained(root):
            write_atomic(path, text.encode())


def read(root: Path, digest: str) -> str | None:
    """The code of a hash; None if it is not there."""
    if not _DIGEST.fullmatch(digest):
        return None
    try:
        with open_regular(_path(root, digest)) as file:
            return file.read(SIZE_LIMIT).decode("utf-8", "replace")
    except OSError:
        return None


def _path(root: Path, digest: str) -> Path:
    return root / FOLDER / f"{digest}.py"
