"""Reads rows back from pictures and the log of votes, after the store's file was damaged or lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .._util.timestamp import from_seconds
from ..pictures.png import BROKEN, pixel_hash, read_recipe
from . import votes_log
from .cells import CellRow, write_row
from .images import is_whole
from .votes import write_vote

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path


def read_back(root: Path, sql: sqlite3.Connection) -> list[str]:
    """Write a row for each whole picture of a results folder, and for each vote; returns notes.

    Times and metrics are not in the pictures, and stay unknown. The pictures belong to no
    experiment until it runs again.
    """
    pictures = 0
    for row in _rows(root):
        write_row(sql, row)
        pictures += 1
    votes = votes_log.read(root)
    for vote in votes:
        write_vote(sql, vote)
    notes = []
    if pictures:
        notes.append(f"{pictures} pictures were entered again from their own recipes")
    if votes:
        notes.append(f"votes that were entered again from {votes_log.LOG_FILE}: {len(votes)}")
    return notes


def _rows(root: Path) -> Iterator[CellRow]:
    for path in sorted((root / "images").glob("*/*.png")):
        recipe = _recipe(path)
        if recipe is None:
            continue
        pixels = _pixels(path)
        if pixels is not None:
            yield _row(root, path, recipe, pixels)


def _row(root: Path, path: Path, recipe: dict[str, Any], pixels: str) -> CellRow:
    status = path.stat()
    return CellRow(
        key=recipe["key"],
        params=json.dumps(recipe["params"]),
        weights=recipe["weights"],
        dtype=recipe["dtype"],
        device=None,
        status="ok",
        image=path.relative_to(root).as_posix(),
        pixels=pixels,
        bytes=status.st_size,
        created=from_seconds(status.st_mtime),
        mode=recipe.get("mode", "close"),
    )


def _recipe(path: Path) -> dict[str, Any] | None:
    """The recipe in a picture that `save_picture` wrote.

    None if its bytes are not those that its name is the hash of, or if the recipe is not ours.
    """
    recipe = read_recipe(path)
    if not recipe or not is_whole(path):
        return None
    texts = [recipe.get(name) for name in ("key", "weights", "dtype")]
    texts.append(recipe.get("mode", ""))
    return recipe if all(_is_plain(text) for text in texts) else None


def _pixels(path: Path) -> str | None:
    """The hash of a picture's pixels; None if they cannot be decoded."""
    from PIL import Image

    try:
        with Image.open(path, formats=["PNG"]) as image:
            return pixel_hash(image)
    except BROKEN:
        return None


def _is_plain(value: object) -> bool:
    """Whether this is text as dwlab writes it: a lone surrogate, for one, cannot be stored."""
    return isinstance(value, str) and value.isascii()
