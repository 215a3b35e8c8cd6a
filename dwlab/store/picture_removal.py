"""One picture removed by hand, if nothing else holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import StoreError
from .traces import film_path
from .unheld import delete_cells

if TYPE_CHECKING:
    import sqlite3

    from .database import StoreFile

CELLS_OF = "SELECT key FROM cells WHERE image = :image AND status = 'ok'"
HOLDERS = "SELECT DISTINCT experiment FROM membership WHERE key = :key"
LEAVE = "DELETE FROM membership WHERE key = :key AND experiment = :experiment"


class PictureHeld(StoreError):
    """A picture stays, because something else holds it."""


def remove_picture(file: StoreFile, experiment: str, image: str) -> bool:
    """Remove an experiment's picture and its film, the rows first; False if there is none.

    image: its file, relative to the results folder. Raises PictureHeld, and changes nothing, if it
    is not the experiment's, if another one has it too, or if it has a star, a pin, a note or a vote.
    """
    with file.transaction() as sql:
        keys = [row["key"] for row in sql.execute(CELLS_OF, {"image": image})]
        for key in keys:
            _remove_cell(sql, experiment, key)
    if not keys:
        return False
    # a crash before this leaves a file that harms nobody
    (file.root / image).unlink(missing_ok=True)
    (file.root / film_path(image)).unlink(missing_ok=True)
    return True


def _remove_cell(sql: sqlite3.Connection, experiment: str, key: str) -> None:
    values = {"key": key, "experiment": experiment}
    holders = {holder for (holder,) in sql.execute(HOLDERS, values)}
    if experiment not in holders:
        raise PictureHeld("this picture was not made on request; remove it where it was made")
    if holders != {experiment}:
        raise PictureHeld(
            "this picture is also part of a sweep or of the prompt bench; remove it there"
        )
    sql.execute(LEAVE, values)
    if key not in delete_cells(sql, [key], read_back=True):
        raise PictureHeld("this picture has a star, a pin, a note or a vote; take that back first")
