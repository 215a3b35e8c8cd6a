"""What the files of an experiment were made from, so that they are made again only if that changed."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from .._util.atomic import write_atomic
from .._util.jsonfile import read_object
from ..errors import ModelError
from ..paths import experiment_folder
from ..runs import search_answer
from ..store.experiment_state import state_of
from ..store.store import open_existing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RECORD = ".made-from.json"
# what is made of a sweep for people to open, by kind
FILES = {
    "report": "report.html",
    "viewer": "viewer.html",
    "table": "table.csv",
    "grid": "grid.png",
}
# what draws and computes besides dwlab; statements in a report may change with each of them
LIBRARIES = ("jinja2", "matplotlib", "numpy", "pandas", "pillow", "scipy", "statsmodels")


def source_of(root: Path, name: str, words: Iterable[str] = ()) -> str:
    """A hash over all that the files of an experiment are made from.

    That is what the store holds of it, the answer of its search, dwlab's code, the libraries' versions,
    and `words`: what the files say besides.
    """
    with open_existing(root) as store:
        state = state_of(store.file, name) if store else ""
    parts = [
        state,
        str(root),
        _hash_of(experiment_folder(root, name) / search_answer.FILE),
        _code_mark(),
        *(f"{library} {_version(library)}" for library in LIBRARIES),
        *words,
    ]
    return hash_of_words(parts)


def hash_of_words(words: Iterable[str]) -> str:
    """One hash over some texts, of which each counts with its place."""
    return hashlib.sha256(json.dumps(list(words)).encode()).hexdigest()


# by the name of a file or text: what it was made from, and its hash or the text itself
_Kept: TypeAlias = dict[str, list[str]]


class MadeFrom:
    """The record of an experiment's files, kept beside them. folder: the experiment's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / RECORD

    def has(self, names: Iterable[str], source: str) -> bool:
        """Whether some files are there, as they were written, and made from this source."""
        kept = self._read()
        return all(self._is_current(name, kept, source) for name in names)

    def keep(self, names: Iterable[str], source: str) -> None:
        """Note that some files were made from this source."""
        kept = self._read()
        kept |= {name: [source, _hash_of(self._folder / name)] for name in names}
        self._write(kept)

    def source(self, name: str) -> str | None:
        """What a file was made from; None if it is not there as it was written."""
        kept = self._read()
        source = kept.get(name, ["", ""])[0]
        return source if self._is_current(name, kept, source) else None

    def text(self, name: str, source: str) -> str | None:
        """A text that was kept under a name; None if it was made from another source."""
        made_from, text = self._read().get(name, ["", ""])
        return text if made_from == source else None

    def keep_text(self, name: str, text: str, source: str) -> None:
        """Keep a text, and what it was made from."""
        self._write({**self._read(), name: [source, text]})

    def _is_current(self, name: str, kept: _Kept, source: str) -> bool:
        content = _hash_of(self._folder / name)
        return bool(content) and kept.get(name) == [source, content]

    def _read(self) -> _Kept:
        try:
            kept = read_object(self._path)
        # without a record everything is made again
        except ModelError:
            return {}
        return {name: entry for name, entry in kept.items() if _is_entry(entry)}

    def _write(self, kept: _Kept) -> None:
        write_atomic(self._path, json.dumps(kept, indent=1).encode())


def _is_entry(value: object) -> TypeGuard[list[str]]:
    """Whether a value of a record is a source with a hash or a text."""
    return isinstance(value, list) and [type(part) for part in value] == [str, str]


def _hash_of(path: Path) -> str:
    """The hash of a file's content; empty if there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _code_mark() -> str:
    """What changes when a file of dwlab does: names, sizes and times, because reading all takes longer."""
    package = Path(__file__).parents[1]
    marks = [
        f"{entry.path} {entry.stat().st_size} {entry.stat().st_mtime_ns}"
        for entry in _entries(package)
        if not entry.name.endswith(".safetensors")
    ]
    return hash_of_words(sorted(marks))


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """All files below a folder, without compiled ones."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                yield entry
            elif entry.name != "__pycache__":
                yield from _entries(Path(entry.path))
