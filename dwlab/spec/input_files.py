"""An axis of pictures: the files of a folder, or those whose names fit a pattern."""

from __future__ import annotations

import glob
import os
from collections import Counter
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from . import inputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILES_LIMIT = 10_000  # of one axis
ENTRIES_LIMIT = 100_000  # of a folder that is searched
_FORMS = ("folder", "glob")
_SUFFIXES = ", ".join(inputs.SUFFIXES)


def is_description(name: str, description: object) -> bool:
    """Whether an axis is described as `{folder: ...}` or `{glob: ...}`."""
    if not inputs.is_picture(name) or not isinstance(description, dict):
        return False
    return len(description) == 1 and next(iter(description)) in _FORMS


def files(field: str, description: Mapping[str, object]) -> list[str]:
    """The paths of the pictures that an axis describes, sorted by name.

    Raises InvalidInput for a folder without pictures, and for more than FILES_LIMIT.
    """
    ((form, argument),) = description.items()
    field = f"{field}.{form}"
    if not isinstance(argument, str) or not argument or "\0" in argument:
        raise InvalidInput(field, argument, "a path")
    pattern = str(Path(argument).expanduser()) if argument.startswith("~") else argument
    paths = _in_folder(field, pattern) if form == "folder" else _fitting(field, pattern)
    pictures = sorted(path for path in paths if path.lower().endswith(inputs.SUFFIXES))
    if not pictures:
        raise InvalidInput(field, argument, f"a place with pictures in it ({_SUFFIXES})")
    if len(pictures) > FILES_LIMIT:
        allowed = f"at most {FILES_LIMIT:,} pictures (these are {len(pictures):,})"
        raise InvalidInput(field, argument, allowed)
    return pictures


def _in_folder(field: str, folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_file()]
    except OSError as error:
        raise InvalidInput(field, folder, f"a folder that can be read ({error.strerror})") from None
    return [os.path.join(folder, name) for name in names if not name.startswith(".")]  # noqa: PTH118


def _fitting(field: str, pattern: str) -> list[str]:
    paths = []
    for entries, path in enumerate(glob.iglob(pattern, recursive=True)):  # noqa: PTH207
        if entries >= ENTRIES_LIMIT:
            allowed = f"a pattern that fits at most {ENTRIES_LIMIT:,} files"
            raise InvalidInput(field, pattern, allowed)
        if os.path.isfile(path):  # noqa: PTH113  # there may be many
            paths.append(path)
    return paths


def beside(folder: Path, values: Mapping[str, object]) -> dict[str, object]:
    """The base or the axes of an experiment's file, with paths taken from the folder of the file."""
    moved = dict(values)
    for name, value in values.items():
        if inputs.is_picture(name):
            moved[name] = _moved(folder, value)
        elif name in inputs.LISTS:
            moved[name] = _with_moved_pictures(folder, value)
    return moved


def _with_moved_pictures(folder: Path, value: object) -> object:
    """The same for pictures within entries, in a map, a list, or a list of lists."""
    if isinstance(value, list):
        return [_with_moved_pictures(folder, each) for each in value]
    if isinstance(value, dict) and "image" in value:
        return {**value, "image": _moved(folder, value["image"])}
    return value


def _moved(folder: Path, value: object) -> object:
    if isinstance(value, list | tuple):
        return [_moved(folder, each) for each in value]
    if isinstance(value, dict):
        return {form: _moved(folder, argument) for form, argument in value.items()}
    if not isinstance(value, str) or not value or inputs.digest_of(value):
        return value
    if inputs.reference_of_path(value) or value.startswith("~"):
        return value
    return str(folder / value)


def labels(sources: Sequence[object]) -> list[str]:
    """What people read for each picture of an axis: the name of its file, or of its place if two are alike."""
    names = [_name(source) for source in sources]
    count = Counter(names)
    return [
        name if count[name] == 1 else str(source)
        for name, source in zip(names, sources, strict=True)
    ]


def _name(source: object) -> str:
    digest = inputs.digest_of(source)
    if digest:
        return digest[:10]
    return PurePath(source).name if isinstance(source, str) else str(source)
