"""The checkpoints of trainings that a pattern like `runs/*/checkpoint-*` fits, with their numbers."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from . import components

if TYPE_CHECKING:
    from collections.abc import Sequence

FORM = "glob"
MODEL = "model"
LORAS = "loras"
PARTS = "components."
FILES_LIMIT = 1_000  # of one axis
ENTRIES_LIMIT = 100_000  # of what a pattern fits
_INDEX = "model_index.json"
_CONFIG = "config.json"
_SAFETENSORS = ".safetensors"
_MODEL_FILES = (_SAFETENSORS, ".gguf")
_WILD = re.compile(r"[*?\[]")
_DIGITS = re.compile(r"\d+")
_LAST_NUMBER = re.compile(r"(?P<before>.*?)(?P<number>\d+)(?P<after>\D*)")


@dataclass(frozen=True)
class Checkpoint:
    """A file or folder that a pattern fits.

    number: the training step in its name; None if names differ in more than a number. run: what else
    tells it from the others, like the name of its training; empty if nothing does.
    """

    path: str
    number: int | None = None
    run: str = ""


def takes_checkpoints(name: str) -> bool:
    """Whether the values of a parameter may be checkpoints."""
    return name in (MODEL, components.VAE, LORAS) or name.startswith(PARTS)


def is_description(name: str, description: object) -> bool:
    """Whether the values of a parameter are described as `{glob: ...}`."""
    is_glob = isinstance(description, Mapping) and list(description) == [FORM]
    return is_glob and takes_checkpoints(name)


def checkpoints(field: str, name: str, description: Mapping[str, object]) -> list[Checkpoint]:
    """The checkpoints that a description stands for, sorted by number, then by path.

    field: where the description is. name: of the parameter. Raises InvalidInput if there are none,
    too many, or one that `name` cannot be.
    """
    field = f"{field}.{FORM}"
    pattern = description[FORM]
    if not isinstance(pattern, str) or not pattern or "\0" in pattern:
        raise InvalidInput(field, pattern, 'a pattern of paths, like "runs/*/checkpoint-*"')
    expanded = os.path.expanduser(pattern)  # noqa: PTH111  # Path would take a pattern apart
    paths = sorted(_fitting(field, expanded), key=_natural)
    if not paths:
        folder = os.path.abspath(_fixed_folder(expanded))  # noqa: PTH100  # keeps links
        raise InvalidInput(field, pattern, f"a pattern that fits something below {folder}")
    for path in paths:
        _check(field, name, path)
    return sorted(_numbered(expanded, paths), key=lambda each: each.number or 0)


def _fitting(field: str, pattern: str) -> list[str]:
    paths: list[str] = []
    for path in glob.iglob(pattern, recursive=True):  # noqa: PTH207  # pathlib has no absolute patterns
        if len(paths) >= ENTRIES_LIMIT:
            break
        paths.append(path.rstrip("/\\"))
    if len(paths) > FILES_LIMIT:
        raise InvalidInput(
            field, pattern, f"a pattern that fits at most {FILES_LIMIT:,} checkpoints"
        )
    return paths


def _fixed_folder(pattern: str) -> Path:
    """The folder of a pattern that has nothing open in it."""
    parts = PurePath(pattern).parts
    is_open = [bool(_WILD.search(part)) for part in parts]
    count = is_open.index(True) if True in is_open else len(parts) - 1
    return Path(*parts[:count])


def _check(field: str, name: str, path: str) -> None:
    """Raise InvalidInput for what cannot be a value of a parameter; reads names of files only."""
    if name == MODEL:
        _check_model(field, Path(path))
    elif name == LORAS or not Path(path).is_dir():
        _check_file(field, path)
    elif not _has_part(Path(path), name.removeprefix(PARTS)):
        part = name.removeprefix(PARTS)
        allowed = f"a pattern that only folders with a {part} fit (config.json, or {part}/ in them)"
        raise InvalidInput(field, path, allowed)


def _check_model(field: str, path: Path) -> None:
    if (path / _INDEX).is_file() or (path.is_file() and path.suffix in _MODEL_FILES):
        return
    allowed = f"a pattern that only models fit: folders with a {_INDEX}, or .safetensors files"
    parts = _parts_in(path)
    if parts:
        allowed += (
            f". This one has {parts[0]} alone: write `parts: {{{parts[0]}: {{glob: ...}}}}` "
            "beside the model that it was trained from"
        )
    raise InvalidInput(field, str(path), allowed)


def _parts_in(folder: Path) -> list[str]:
    """The parts of models in the folder of a training, as far as they have a folder each."""
    if not folder.is_dir():
        return []
    return sorted(path.parent.name for path in folder.glob(f"*/{_CONFIG}"))


def _has_part(folder: Path, part: str) -> bool:
    is_component = (folder / _CONFIG).is_file() or (folder / _INDEX).is_file()
    return is_component or (folder / part).is_dir() or any(folder.glob(f"*{_SAFETENSORS}"))


def _check_file(field: str, path: str) -> None:
    if not path.endswith(_SAFETENSORS) or not Path(path).is_file():
        allowed = "a pattern that only folders and .safetensors files fit"
        raise InvalidInput(field, path, allowed)


def _numbered(pattern: str, paths: Sequence[str]) -> list[Checkpoint]:
    """The paths with the numbers in the last of their names that differ in a number alone."""
    for position in _open_positions(pattern):
        matches = [_LAST_NUMBER.fullmatch(_name_at(path, position)) for path in paths]
        numbers = [int(match["number"]) for match in matches if match]
        frames = {_DIGITS.sub("#", f"{m['before']}#{m['after']}") for m in matches if m}
        if len(numbers) == len(paths) and len(frames) == 1:
            runs = _runs(paths, position)
            return [
                Checkpoint(path, number, run)
                for path, number, run in zip(paths, numbers, runs, strict=True)
            ]
    return [Checkpoint(path) for path in paths]


def _open_positions(pattern: str) -> list[int]:
    """The names in a pattern, counted from the last one, that have something open in them."""
    positions = []
    for position, name in enumerate(reversed(PurePath(pattern).parts)):
        # how many names it stands for is not known
        if name == "**":
            break
        if _WILD.search(name):
            positions.append(position)
    return positions


def _name_at(path: str, position: int) -> str:
    return PurePath(path).parts[-1 - position]


def _runs(paths: Sequence[str], position: int) -> list[str]:
    """What tells paths apart beside the name at a position; empty texts if nothing does."""
    rests = []
    for path in paths:
        parts = list(PurePath(path).parts)
        del parts[-1 - position]
        rests.append(parts)
    while rests[0] and len({parts[0] if parts else None for parts in rests}) == 1:
        rests = [parts[1:] for parts in rests]
    while rests[0] and len({parts[-1] if parts else None for parts in rests}) == 1:
        rests = [parts[:-1] for parts in rests]
    return ["/".join(parts) for parts in rests]


def _natural(path: str) -> list[tuple[int, str | int]]:
    """A path as people sort it: checkpoint-90 before checkpoint-1000."""
    pieces = re.split(r"(\d+)", path)
    return [(0, int(piece)) if piece.isdecimal() else (1, piece) for piece in pieces]
