"""Name the pictures of docs/ that are older than the code they show: `make stale-pictures`.

docs/made-by.yml says what each picture shows. A picture or file that is changed and not committed
counts as new.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

DOCS = Path(__file__).parent
MADE_BY = "made-by.yml"


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


def stale(docs: Path) -> dict[str, str]:
    """Picture -> the command that makes it, for those that are older than the code they show."""
    pictures = {}
    for maker in makers(docs):
        shown = max(changed(docs.parent, path) for path in maker.shows)
        for picture in maker.pictures:
            if changed(docs.parent, f"{docs.name}/{picture}") < shown:
                pictures[picture] = maker.command
    return pictures


def changed(root: Path, path: str) -> float:
    """When a file or folder of a repository was changed last, in seconds; 0 if it never was there."""
    if _git(root, "status", "--porcelain", "--", path):
        return time.time()
    return float(_git(root, "log", "-1", "--format=%ct", "--", path) or 0)


def _git(root: Path, *arguments: str) -> str:
    result = subprocess.run(  # noqa: S603  # fixed words, and paths of made-by.yml
        ["git", *arguments],  # noqa: S607  # its folder differs between systems
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def main() -> None:
    """Print what is stale, with the command that makes it again."""
    pictures = stale(DOCS)
    for picture, command in pictures.items():
        print(f"{picture} is older than the code it shows: {command}")
    if not pictures:
        print("no picture is older than the code it shows")


if __name__ == "__main__":
    main()
