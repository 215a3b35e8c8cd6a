"""The code that an export carries for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...store import kept_code
from . import layout

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def code_texts(root: Path, digests: Iterable[str]) -> dict[str, bytes]:
    """The code of methods and metrics, as far as it is kept here, by the names of its files."""
    texts = {digest: kept_code.read(root, digest) for digest in sorted(digests)}
    return {f"{layout.CODE}/{digest}.py": text.encode() for digest, text in texts.items() if text}
