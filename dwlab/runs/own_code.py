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
    digests: set[str] = set()
    for cell in cells:
        digests |= {named.code for named in cell.code}
    for digest in digests:
        keep_code_of(root, digest)


def keep_code_of(root: Path, digest: str) -> None:
    """Keep the code of a hash in the results folder, if this process has read it."""
    code = codes.known(digest)
    if code is not None:
        kept_code.keep(root, digest, code.text)


def library_versions(params: GenerationParams) -> dict[str, str]:
    """The versions of the packages that the code of a cell imports; empty without code."""
    libraries: set[str] = set()
    for named in params.code:
        code = codes.known(named.code)
        libraries.update(code.libraries if code else ())
    versions: dict[str, str] = {}
    for library in sorted(libraries):
        for package in _packages().get(library, [library]):
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                versions[package] = importlib.metadata.version(package)
    return versions


@functools.cache
def _packages() -> Mapping[str, list[str]]:
    """The installed packages by the names under which they are imported."""
    return importlib.metadata.packages_distributions()
