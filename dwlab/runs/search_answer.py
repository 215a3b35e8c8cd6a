"""What a search found, kept beside its results, so that report, notebook and command line say it first."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._util.atomic import write_atomic
from .._util.checks import is_number
from .._util.jsonfile import read_object
from ..errors import InvalidInput, ModelError
from ..paths import experiment_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..spec.sweep import SweepSpec

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
    of: str = ""

    @property
    def sentences(self) -> list[str]:
        """The verdict, the front and what it cost."""
        return [text for text in (self.sentence, *self.front, self.spent) if text]

    def __str__(self) -> str:
        return "\n".join(self.sentences)


def is_searched(spec: Mapping[str, Any]) -> bool:
    """Whether the cells of a stored sweep were chosen by a search."""
    return bool(spec.get("search") or spec.get("budget"))


def hash_of(spec: SweepSpec) -> str:
    """A hash of what a sweep says."""
    return hashlib.sha256(json.dumps(spec.as_dict()).encode()).hexdigest()


def save_answer(root: Path, name: str, answer: SearchAnswer) -> Path:
    """Keep what a search found in the folder of its experiment; returns the path."""
    path = experiment_folder(root, name) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dataclasses.asdict(answer), indent=1, default=str)
    write_atomic(path, f"{text}\n".encode())
    return path


def load_answer(root: Path, name: str) -> SearchAnswer | None:
    """What a search found; None if no search of this name ended, or the file is not what it should be."""
    path = experiment_folder(root, name) / FILE
    try:
        return checked_answer(read_object(path))
    except (ModelError, InvalidInput):
        return None


def checked_answer(values: object) -> SearchAnswer:
    """An answer from the plain values of a file that may be a stranger's.

    Raises InvalidInput for anything else.
    """
    try:
        return _read(values)
    except TypeError as error:
        raise InvalidInput(FILE, "what is no answer of a search", str(error)) from None


def _read(values: Any) -> SearchAnswer:
    answer = SearchAnswer(**{**values, "front": tuple(values.get("front", ()))})
    texts = (answer.sentence, answer.method, answer.metric, answer.spent, answer.of, *answer.front)
    for text in texts:
        if not isinstance(text, str):
            raise InvalidInput(FILE, text, "a text")
    if not is_number(answer.margin) or not isinstance(answer.setting, dict):
        raise InvalidInput(FILE, answer.margin, "a number, and a map as the setting")
    return answer
