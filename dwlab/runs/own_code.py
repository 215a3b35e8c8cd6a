"""What is kept of the code that makes pictures: its text, and the versions of what it imports."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
from typing import TYPE_CHECKING

from ..spec.own_code import code as codes
from ..store import kept_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ..spec.params import GenerationParams


def keep_code(root: Path, cells: Iterable[GenerationParams]) -> None:
    """Keep the code that cells name in the results folder, as far as this process has read it."""
    digests = {cell.method.code for cell in cells if cell.method is not None}
    for digest in digests:
        code = codes.known(digest)
        if code is not None:
            kept_code.keep(root, digest, code.text)


def library_versions(params: GenerationParams) -> dict[str, str]:
    """The versions of the packages that the code of a cell imports; empty without code."""
    if params.method is None:
        return {}
    code = codes.known(params.method.code)
    versions: dict[str, str] = {}
    for library in code.libraries if code else ():
        for package in _packages().get(library, [library]):
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                versions[package] = importlib.metadata.version(package)
    return versions


@functools.cache
def _packages() -> Mapping[str, list[str]]:
    """The installed packages by the names under which they are imported."""
    return importlib.metadata.packages_distributions()
