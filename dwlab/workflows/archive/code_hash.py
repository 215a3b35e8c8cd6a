"""Which code made an export."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ... import __version__

_PACKAGE = Path(__file__).parents[2]


def code_hash() -> dict[str, str]:
    """The version of dwlab, and the SHA-256 of its Python files: their paths and contents by path."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{content}  {path.relative_to(_PACKAGE).as_posix()}\n".encode())
    return {"dwlab": __version__, "sha256": digest.hexdigest()}
