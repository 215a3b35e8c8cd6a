"""What a search found, kept beside its results, so that report, notebook and command line say it first."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._util.atomic import write_atomic
from .._util.jsonfile import object_in
from ..paths import experiment_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "search.json"
# of the attrs of a table
SEARCH = "search"


@dataclass(frozen=True)
class SearchAnswer:
    """What a search found.

    sentence: the verdict. method: that chose the cells. is_shown: whether the verdict is shown on
    seeds that the search did not use. setting: the values of the chosen one; empty if nothing is chosen. spent: what
    the search cost, in words. front: of several objectives, the settings of which none is better in
    all, as text.
    """

    sentence: str
    method: str
    metric: str
    margin: float
    is_shown: bool = False
    setting: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    spent: str = ""
    pictures: int = 0
    rows: int = 0
    front: tuple[str, ...] = ()

    @property
    def sentences(self) -> list[str]:
        """The verdict, the front and what it cost."""
        return [text for text in (self.sentence, *self.front, self.spent) if text]

    def __str__(self) -> str:
        return "\n".join(self.sentences)


def save_answer(root: Path, name: str, answer: SearchAnswer) -> Path:
    """Keep what a search found in the folder of its experiment; returns the path."""
    path = experiment_folder(root, name) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dataclasses.asdict(answer), indent=1, default=str)
    write_atomic(path, f"{text}\n".encode())
    return path


def load_answer(root: Path, name: str) -> SearchAnswer | None:
    """What a search found; None if no search of this name ended, or the file is damaged."""
    path = experiment_folder(root, name) / FILE
    try:
        values = object_in(path.read_text("utf-8"))
        values["front"] = tuple(values.get("front", ()))
        return SearchAnswer(**values)
    except (OSError, ValueError, TypeError):
        return None
