"""Finds and removes what no experiment, star, pin, note or vote holds.

Rows go first, then files: a crash in between leaves files that no row names, which the next call finds.
Whoever needs a cell enters it in an experiment before it looks whether the cell is there, so a cell that
nothing holds is nobody's. Files are guarded as `dwlab._util.unused_files` says.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from .._util.gc_paused import gc_paused
from .._util.unused_files import remove_unchanged
from ..errors import InUse
from ..spec.inputs import FOLDER
from . import kept_code, unheld
from .database import explained
from .experiment_lock import LOCK_FILE, experiment_lock
from .store import Store, open_existing
from .traces import picture_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .database import StoreFile

# Files that no row names may be about to get one. A picture is committed within seconds, a start
# picture that was sent to a server may wait for its request.
YOUNG_SECONDS = 86_400
CELLS_AT_ONCE = 5_000  # per transaction, so that others need not wait long
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class UnusedFile:
    """A file that nothing needs. modified: its time in nanoseconds, when that was found out."""

    path: Path
    bytes: int
    modified: int


@dataclass
class Garbage:
    """What nothing holds.

    cells: keys. leftovers: cells that are not there, but about which there are rows.
    pictures: files, with films. inputs: files that recipes name by their hash: start pictures, and code.
    read_back: cells that stay, because it is not known what held them: their rows were read back
    from the pictures after the store was lost or damaged. with_read_back: whether `cells` has them.
    note: why something else stays that could go, or empty.
    """

    cells: list[str] = field(default_factory=list)
    leftovers: int = 0
    pictures: list[UnusedFile] = field(default_factory=list)
    inputs: list[UnusedFile] = field(default_factory=list)
    read_back: int = 0
    with_read_back: bool = False
    note: str = ""

    def __bool__(self) -> bool:
        return bool(self.cells or self.leftovers or self.pictures or self.inputs)


@gc_paused()
def find_garbage(root: Path, *, read_back: bool = False) -> Garbage:
    """What nothing holds in the results folder `root`; nothing is changed.

    read_back: also cells of which it is not known what held them, see Garbage.
    """
    with open_existing(root) as store:
        if not store:
            return Garbage()
        with explained(root):
            return _garbage(root, store.file, read_back)


def _garbage(root: Path, file: StoreFile, read_back: bool) -> Garbage:
    cells = file.tuples(unheld.CELLS)
    held: set[str] = set()
    released: dict[str, str] = {}
    kept = 0
    for key, image, has_no_holder, is_read_back in cells:
        if has_no_holder and (read_back or not is_read_back):
            released[key] = image
        else:
            held.add(image)
            kept += has_no_holder
    return Garbage(
        cells=list(released),
        leftovers=_leftovers(file, {key for key, *_ in cells}),
        pictures=list(_unused_pictures(root, held, set(released.values()))),
        inputs=list(_unused_inputs(root, file, read_back)),
        read_back=kept,
        with_read_back=read_back,
    )


def _leftovers(file: StoreFile, cells: set[str]) -> int:
    """How many cells that are not there have rows about them, and are waited for by nothing."""
    keys: set[str] = set()
    for statement in unheld.ABOUT_CELLS.values():
        keys.update(chain.from_iterable(file.tuples(statement)))
    gone = keys - cells
    if gone:
        gone.difference_update(chain.from_iterable(file.tuples(unheld.HELD_KEYS)))
    return len(gone)


def remove_garbage(root: Path, garbage: Garbage) -> Garbage:
    """Remove what `find_garbage` found, unless something holds it by now; returns what was removed.

    Start pictures and code stay while an experiment runs, which may need them for cells without a row.
    """
    read_back = garbage.with_read_back
    removed = Garbage(read_back=garbage.read_back, with_read_back=read_back)
    with Store(root) as store:
        for start in range(0, len(garbage.cells), CELLS_AT_ONCE):
            with store.file.transaction() as sql:
                keys = garbage.cells[start : start + CELLS_AT_ONCE]
                removed.cells += unheld.delete_cells(sql, keys, read_back=read_back)
        with store.file.transaction() as sql:
            for table in unheld.ABOUT_CELLS:
                sql.execute(unheld.DELETE_LEFTOVERS.format(table=table))
        removed.leftovers = garbage.leftovers
        with explained(root):
            removed.pictures = remove_pictures(store, garbage.pictures)
            if garbage.inputs:
                removed.inputs, removed.note = _remove_inputs(store, garbage.inputs, read_back)
    return removed


def remove_pictures(store: Store, pictures: Iterable[UnusedFile]) -> list[UnusedFile]:
    """Remove pictures that no row names, and their films; returns those that were removed."""
    root = store.root
    named = {root / image for image in store.cells.pictures()}
    return [
        picture
        for picture in pictures
        if picture.path.with_suffix(".png") not in named
        and remove_unchanged(picture.path, picture.modified)
    ]


def unused_file(path: Path) -> UnusedFile | None:
    """A file that may be removed later; None if there is none."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return UnusedFile(path, status.st_size, status.st_mtime_ns)


def _remove_inputs(
    store: Store, inputs: Iterable[UnusedFile], read_back: bool
) -> tuple[list[UnusedFile], str]:
    """Remove start pictures and code; returns those that were removed, or none and why they stay."""
    with contextlib.ExitStack() as locks:
        for name in _experiments_with_folder(store):
            try:
                locks.enter_context(experiment_lock(store.root, name))
            except InUse:
                return [], f"start pictures and code stay while the experiment {name!r} runs"
        held = _held_digests(store.file, read_back)
        unused = [file for file in inputs if file.path.stem not in held]
        return [file for file in unused if remove_unchanged(file.path, file.modified)], ""


def _experiments_with_folder(store: Store) -> list[str]:
    names = store.experiments.specs()
    return [name for name in names if (store.root / name / LOCK_FILE).exists()]


def _column(file: StoreFile, statement: str, read_back: bool) -> set[str]:
    return {value for (value,) in file.tuples(statement, read_back=read_back)}


def _unused_pictures(root: Path, held: set[str], released: set[str]) -> Iterator[UnusedFile]:
    """The files in `images/` that no held cell names. released: those that other cells name."""
    oldest_young = _oldest_young()
    for folder in _entries(root / "images"):
        for entry in _entries(Path(folder.path)):
            image = f"images/{folder.name}/{entry.name}"
            picture = picture_path(image)
            if picture in held or not entry.name.endswith((".png", ".webp")):
                continue
            file = unused_file(Path(entry.path))
            if file and (picture in released or file.modified < oldest_young):
                yield file


def _unused_inputs(root: Path, file: StoreFile, read_back: bool) -> Iterator[UnusedFile]:
    oldest_young = _oldest_young()
    entries = [*_entries(root / FOLDER), *_entries(root / kept_code.FOLDER)]
    paths = [Path(entry.path) for entry in entries if entry.name.endswith((".png", ".py"))]
    # looking through all recipes takes a while, and few folders have such files
    held = _held_digests(file, read_back) if paths else set()
    for path in paths:
        if path.stem in held:
            continue
        unused = unused_file(path)
        if unused and unused.modified < oldest_young:
            yield unused


def _held_digests(file: StoreFile, read_back: bool) -> set[str]:
    """Every hash that stands in a recipe, a spec or a request: some name start pictures or code."""
    digests: set[str] = set()
    for text in _column(file, unheld.HELD_TEXTS, read_back):
        digests.update(_DIGEST.findall(text))
    return digests


def _oldest_young() -> int:
    """The time of the oldest file that is too young to be removed, in nanoseconds."""
    return time.time_ns() - YOUNG_SECONDS * 10**9


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    if folder.is_symlink() or not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return list(entries)
