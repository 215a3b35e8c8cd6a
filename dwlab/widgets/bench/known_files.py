"""Files of benchmarks that the panel can show: measured here, lying in the results, or added."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...bench import files
from ...bench.machines import short_name
from ...errors import DwlabError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

MEASURED = "benchmarks"
ADDED = "benchmarks/others"
REFERENCE = "reference"
MOST = 200  # files in the list
ADD_LIMIT = 9 << 20  # bytes; Jupyter takes no message above 10 MiB


@dataclass(frozen=True)
class KnownFile:
    """A file in the list. label: the machine and when. is_own: whether it was measured here."""

    name: str
    path: Path
    label: str
    is_own: bool


def known_files(root: Path, beside: Iterable[Path] = ()) -> list[KnownFile]:
    """The files of `dwlab bench run` in a results folder, the newest first, then those `beside`.

    Files of other kinds, and those that cannot be read, are left out.
    """
    paths: dict[Path, bool] = {}
    for folder in (MEASURED, ADDED, REFERENCE):
        found = sorted((root / folder).glob("*.json"), key=_changed, reverse=True)
        paths |= dict.fromkeys(found[:MOST], folder == MEASURED)
    paths |= dict.fromkeys(beside, False)
    known = [_known(root, path, is_own) for path, is_own in paths.items()]
    return [file for file in known if file is not None]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _known(root: Path, path: Path, is_own: bool) -> KnownFile | None:
    try:
        document = files.load(path)
    except (DwlabError, OSError):
        return None
    if files.kind(document) != files.RUN:
        return None
    devices = document["system"].get("devices", {})
    machine = " + ".join(short_name(str(device["name"])) for device in devices.values())
    day = str(document.get("utc", ""))[:10]
    name = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    label = " · ".join(text for text in (machine, str(document.get("name", "")), day) if text)
    return KnownFile(name, path, label, is_own)


def add_file(root: Path, name: str, data: bytes) -> Path:
    """Keep a file that somebody chose or dropped; raises InvalidInput for one of another kind."""
    if len(data) > ADD_LIMIT:
        raise InvalidInput("files", name, f"a file of at most {ADD_LIMIT >> 20} MiB")
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name).stem).strip(".-")[:80] or "benchmark"
    with tempfile.TemporaryDirectory() as folder:
        # messages name it
        copy = Path(folder) / f"{stem}.json"
        copy.write_bytes(data)
        document = files.load(copy)
    if files.kind(document) != files.RUN:
        raise InvalidInput("files", name, "a file of `dwlab bench run`")
    return files.save(_free(root / ADDED, stem, document), document)


def _free(folder: Path, stem: str, document: files.Document) -> Path:
    """A path that is free, or that holds this very document."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.json"
    number = 1
    while path.exists() and files.load(path) != document:
        number += 1
        path = folder / f"{stem}-{number}.json"
    return path
