"""Name the pictures of docs/ that are older than the code they show: `make stale-pictures`.

docs/made-by.yml says what each picture shows. Whoever makes one records a hash of that code beside
it, so that a picture is stale as soon as the code is another one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import yaml

DOCS = Path(__file__).parent
MADE_BY = "made-by.yml"
RECORDS = "made-from.json"


@dataclass(frozen=True)
class Maker:
    """A command, the pictures in docs/ that it makes, and the paths of the code that they show."""

    command: str
    pictures: tuple[str, ...]
    shows: tuple[str, ...]


def makers(docs: Path) -> list[Maker]:
    """What makes the pictures of this folder."""
    entries = yaml.safe_load((docs / MADE_BY).read_text("utf-8"))
    return [
        Maker(entry["command"], tuple(entry["pictures"]), tuple(entry["shows"]))
        for entry in entries
    ]


def record(docs: Path, picture: str) -> None:
    """Note that a picture was made just now, from the code as it is."""
    records = _records(docs)
    for maker in makers(docs):
        if picture in maker.pictures:
            records[picture] = digest(docs.parent, maker.shows)
    text = json.dumps(records, indent=1, sort_keys=True)
    (docs / RECORDS).write_text(f"{text}\n", "utf-8")


def stale(docs: Path) -> dict[str, str]:
    """Picture -> the command that makes it, for those that were made from other code."""
    records = _records(docs)
    pictures = {}
    for maker in makers(docs):
        now = digest(docs.parent, maker.shows)
        for picture in maker.pictures:
            if records.get(picture) != now:
                pictures[picture] = maker.command
    return pictures


def digest(root: Path, paths: tuple[str, ...]) -> str:
    """The first digits of a hash of these files, and of all in these folders, with their names."""
    total = hashlib.sha256()
    for path in paths:
        for file in _files(root / path):
            total.update(str(file.relative_to(root)).encode())
            total.update(file.read_bytes())
    return total.hexdigest()[:16]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(
        file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    )


def _records(docs: Path) -> dict[str, str]:
    path = docs / RECORDS
    records: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return records


def main() -> None:
    """Print what is stale, with the command that makes it again."""
    pictures = stale(DOCS)
    for picture, command in pictures.items():
        print(f"{picture} is older than the code it shows: {command}")
    if not pictures:
        print("no picture is older than the code it shows")


if __name__ == "__main__":
    main()
