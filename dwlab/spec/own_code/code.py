"""Code that a recipe names: its text, the hash that stands for it, and the libraries it imports."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAIN = ""  # the module that a recipe names, among those that it imports


@dataclass(frozen=True)
class Code:
    """Code as it was read.

    name: of the function or class. digest: the hash that stands for it in keys. modules: the text of
    its module, under MAIN, and of the local modules that it imports, by their names.
    paths: their files, as errors and tracebacks name them.
    libraries: the names under which it imports others' packages.
    object: the function itself, if a notebook defines it.
    """

    name: str
    digest: str
    modules: Mapping[str, str]
    paths: Mapping[str, str] = field(default_factory=dict)
    libraries: tuple[str, ...] = ()
    object: Callable[..., Any] | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """All modules as one text, for people to read."""
        parts = []
        for module, source in self.modules.items():
            if module != MAIN:
                parts.append(f"# ---- module {module}\n")
            parts.append(source.rstrip("\n") + "\n")
        return "\n".join(parts)


def digest_of(name: str, trees: Mapping[str, str]) -> str:
    """The hash of code. trees: by the name of each module, or of what a notebook defines."""
    document = json.dumps({"name": name, "trees": trees}, sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest()


# the code that this process has read, by its hash
_KNOWN: dict[str, Code] = {}
# the code that may run in this process, because the person at it said so
_AGREED: set[str] = set()


def remember(code: Code) -> Code:
    """Keep code for the time of this process, and return it."""
    _KNOWN[code.digest] = code
    return code


def known(digest: str) -> Code | None:
    """The code of a hash; None if this process has not read it."""
    return _KNOWN.get(digest)


def agree(digest: str) -> None:
    """Let code run in this process."""
    _AGREED.add(digest)


def is_agreed(digest: str) -> bool:
    """Whether code may run in this process."""
    return digest in _AGREED
