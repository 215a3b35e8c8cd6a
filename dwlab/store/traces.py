"""What was kept of the steps of finished pictures, as it is stored."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .._util.atomic import write_atomic
from ..pictures.traces import Trace
from ..spec.probes import FILM

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from .database import StoreFile

# those of another picture than the cell has are left out
_WRITE = """
    INSERT OR {conflict} INTO traces (key, name, steps, reason, film, film_sha256, film_bytes)
    SELECT :key, :name, :steps, :reason, :film, :film_sha256, :film_bytes
    WHERE EXISTS (SELECT * FROM cells WHERE key = :key AND image = :image)
"""
_FINISHED = """
    membership JOIN cells USING (key)
    WHERE membership.experiment = :experiment AND cells.status = 'ok'
"""
_OF_NAME = """
    SELECT traces.key, membership.axes, traces.steps, traces.reason, traces.film
    FROM membership JOIN traces USING (key)
    WHERE membership.experiment = :experiment AND traces.name = :name
    ORDER BY membership.position
"""
_ALL_NAMES = "SELECT DISTINCT name FROM traces ORDER BY name"
# most folders have no traces, which is found out at once
_NAMES = f"""
    SELECT name FROM ({_ALL_NAMES}) AS names
    WHERE EXISTS (
        SELECT * FROM membership CROSS JOIN traces USING (key)
        WHERE membership.experiment = :experiment AND traces.name = names.name
    )
"""
_EXPERIMENTS = """
    SELECT DISTINCT membership.experiment
    FROM membership JOIN traces USING (key)
    WHERE traces.name = :name
"""
_OF_CELL = "SELECT name, steps, reason, film FROM traces WHERE key = :key ORDER BY rowid"
_KNOWN = f"""
    SELECT key, name, film, film_bytes FROM traces
    WHERE key IN (SELECT cells.key FROM {_FINISHED})
"""
_IMAGES = f"SELECT cells.key, cells.image FROM {_FINISHED} ORDER BY membership.position"
_FILMS = "SELECT film, film_sha256, film_bytes FROM traces WHERE film IS NOT NULL"
_FILMS_OF_EXPERIMENT = f"""
    {_FILMS} AND key IN (SELECT key FROM membership WHERE experiment = :experiment)
"""

_to_json = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


class StoredFilm(NamedTuple):
    """The file of a film. path: relative to the results folder."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class CellTrace:
    """A trace of a cell. axes: its values of the experiment's axes, as JSON. film: a path, or empty."""

    key: str
    axes: str
    trace: Trace
    film: str


class Traces:
    """Reads the traces of finished cells."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def of_name(self, experiment: str, name: str) -> list[CellTrace]:
        """The traces of a name in an experiment, in its order."""
        rows = self._file.tuples(_OF_NAME, experiment=experiment, name=name)
        return [
            CellTrace(key, axes, Trace.of(name, json.loads(steps), reason), film or "")
            for key, axes, steps, reason, film in rows
        ]

    def of_cell(self, key: str) -> list[CellTrace]:
        """The traces of a cell."""
        rows = self._file.tuples(_OF_CELL, key=key)
        return [
            CellTrace(key, "{}", Trace.of(name, json.loads(steps), reason), film or "")
            for name, steps, reason, film in rows
        ]

    def names(self, experiment: str | None = None) -> list[str]:
        """The names of the traces of an experiment, or of all."""
        if experiment is None:
            rows = self._file.tuples(_ALL_NAMES)
        else:
            rows = self._file.tuples(_NAMES, experiment=experiment)
        return [name for (name,) in rows]

    def experiments(self, name: str) -> list[str]:
        """The experiments that have traces of a name."""
        return [experiment for (experiment,) in self._file.tuples(_EXPERIMENTS, name=name)]

    def lacking(self, experiment: str, probes: Iterable[str]) -> dict[str, str]:
        """The pictures of an experiment's finished cells that lack a trace, or its film, by key."""
        needed = set(probes)
        known: dict[str, set[str]] = {}
        for key, name, film, size in self._file.tuples(_KNOWN, experiment=experiment):
            if film is None or self._file.has_picture(film, size):
                known.setdefault(key, set()).add(name)
        images = self._file.tuples(_IMAGES, experiment=experiment)
        return {key: image for key, image in images if needed - known.get(key, set())}

    def films(self, experiment: str | None = None) -> list[StoredFilm]:
        """The films of an experiment, or all."""
        if experiment is None:
            rows = self._file.tuples(_FILMS)
        else:
            rows = self._file.tuples(_FILMS_OF_EXPERIMENT, experiment=experiment)
        return [StoredFilm._make(row) for row in rows]

    def fill(self, key: str, image: str, traces: Sequence[Trace], film: StoredFilm | None) -> None:
        """Write the traces of a cell that is finished. image: the picture that they are of."""
        with self._file.transaction() as sql:
            write_traces(sql, key, image, traces, film)


def film_path(image: str) -> str:
    """Where the film of a picture lies: beside it. image: the path of the picture."""
    return f"{image.removesuffix('.png')}.webp"


def picture_path(path: str) -> str:
    """The path of the picture that a film lies beside; any other path as it is."""
    is_film = path.endswith(".webp")
    return f"{path.removesuffix('.webp')}.png" if is_film else path


def save_film(root: Path, image: str, data: bytes) -> StoredFilm:
    """Write a film durably beside its picture. image: the path of the picture."""
    path = film_path(image)
    write_atomic(root / path, data)
    return StoredFilm(path, hashlib.sha256(data).hexdigest(), len(data))


def is_whole(root: Path, film: StoredFilm) -> bool:
    """Whether a film is as it was written."""
    path = root / film.path
    if path.is_symlink() or not path.is_file():
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == film.sha256


def write_traces(
    sql: sqlite3.Connection,
    key: str,
    image: str | None,
    traces: Sequence[Trace],
    film: StoredFilm | None,
    *,
    replace: bool = True,
) -> None:
    """Write the traces of a cell within a transaction, if the cell has this picture.

    replace: whether they take the place of those that are there.
    """
    statement = _WRITE.format(conflict="REPLACE" if replace else "IGNORE")
    for trace in traces:
        own = film if trace.name == FILM else None
        row = {
            "key": key,
            "image": image,
            "name": trace.name,
            "steps": _to_json(trace.columns),
            "reason": trace.reason,
            "film": own.path if own else None,
            "film_sha256": own.sha256 if own else None,
            "film_bytes": own.bytes if own else None,
        }
        sql.execute(statement, row)
