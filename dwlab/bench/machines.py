"""The machines of a comparison: a device of a file each, with a letter and a short name."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .file_rows import FileRow

Unit = tuple[str, str]  # file and device
NAME_LIMIT = 40  # characters
# what every processor is called
_NOISE = re.compile(
    r"\((?:r|tm|c)\)|\b(?:cpu|processor|\d+-core|with radeon graphics)\b|@.*$", re.IGNORECASE
)


@dataclass(frozen=True)
class Machine:
    """A device in a file of measurements. letter: A for the first one. name: of the device, short."""

    letter: str
    name: str
    file: str

    def __str__(self) -> str:
        return f"{self.letter}: {self.name} ({self.file})"


def machines_of(rows: Sequence[FileRow]) -> dict[Unit, Machine]:
    """The machines by file and device, in the order in which the files were given."""
    names: dict[Unit, str] = {}
    for row in sorted(rows, key=lambda row: row.order):
        names.setdefault(row.unit, short_name(row.machine))
    return {
        unit: Machine(_letter(number), name, unit[0])
        for number, (unit, name) in enumerate(names.items())
    }


def short_name(name: str) -> str:
    """The name of a device without what all of them are called."""
    short = " ".join(_NOISE.sub(" ", name).split()) or name
    return short if len(short) <= NAME_LIMIT else f"{short[: NAME_LIMIT - 1]}…"


def _letter(number: int) -> str:
    """A to Z, then A1, B1 and so on."""
    turn, position = divmod(number, len(string.ascii_uppercase))
    return f"{string.ascii_uppercase[position]}{turn or ''}"
