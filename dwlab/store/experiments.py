"""The experiments of a results folder: their specs, their random seeds, and which cells they have."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from .._util.timestamp import now
from ..errors import InvalidInput

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from .database import StoreFile

_SPECS = "SELECT name, spec FROM experiments ORDER BY created"
_SEEDS = "SELECT seeds FROM experiments WHERE name = :experiment"
_ENTER = """
    INSERT INTO experiments (name, spec, seeds, created)
    VALUES (:experiment, :spec, :seeds, :created)
    ON CONFLICT (name) DO UPDATE SET seeds = excluded.seeds
"""
_SET_SPEC = "UPDATE experiments SET spec = :spec WHERE name = :experiment"
_CELLS = """
    SELECT membership.position, membership.key, cells.status, cells.image, cells.bytes
    FROM membership LEFT JOIN cells USING (key)
    WHERE membership.experiment = :experiment
    ORDER BY membership.position
"""
_AXES = "SELECT axes FROM membership WHERE experiment = :experiment ORDER BY position"
_REMOVE_CELLS = "DELETE FROM membership WHERE experiment = :experiment"
_ENTER_CELL = """
    INSERT OR IGNORE INTO membership (experiment, position, key, axes)
    VALUES (?, ?, ?, ?)
"""


class Member(NamedTuple):
    """A cell of an experiment. position: in its order. axes: the cell's values of them, as JSON."""

    position: int
    key: str
    axes: str


class MemberStatus(NamedTuple):
    """How far a cell of an experiment is.

    status: ok, failed or oom; None if it was never computed, `gone` if its picture is gone (see
    `Cells.statuses`).
    """

    position: int
    key: str
    status: str | None


class Experiments:
    """Reads and enters experiments."""

    def __init__(self, file: StoreFile) -> None:
        self._file = file

    def specs(self) -> dict[str, dict[str, Any]]:
        """The spec of every experiment that ran here, by name, oldest first."""
        return {row["name"]: json.loads(row["spec"]) for row in self._file.query(_SPECS)}

    def seeds(self, experiment: str, count: int) -> list[int]:
        """The first `count` random seeds of an experiment, or as many as were drawn."""
        return _seeds(self._file.query(_SEEDS, experiment=experiment))[:count]

    def enter(self, experiment: str, spec: Mapping[str, Any], random_seeds: int = 0) -> list[int]:
        """Enter an experiment, and draw the random seeds that it lacks; returns all its seeds.

        If the experiment is there already, it keeps its spec until `set_members` changes the spec
        together with the cells.
        """
        with self._file.transaction() as sql:
            seeds = _seeds(sql.execute(_SEEDS, {"experiment": experiment}).fetchall())
            while len(seeds) < random_seeds:
                seeds.append(secrets.randbelow(2**32))
            row = {
                "experiment": experiment,
                "spec": json.dumps(spec),
                "seeds": json.dumps(seeds),
                "created": now(),
            }
            sql.execute(_ENTER, row)
        return seeds[:random_seeds]

    def members(self, experiment: str) -> list[MemberStatus]:
        """The cells of an experiment, in its order."""
        members = []
        for position, key, status, image, size in self._file.tuples(_CELLS, experiment=experiment):
            is_gone = status == "ok" and not self._file.has_picture(image, size)
            members.append(MemberStatus(position, key, "gone" if is_gone else status))
        return members

    def axes(self, experiment: str) -> list[str]:
        """The values of the axes of each cell of an experiment, as JSON, in its order."""
        return [axes for (axes,) in self._file.tuples(_AXES, experiment=experiment)]

    def set_members(
        self, experiment: str, spec: Mapping[str, Any], members: Sequence[Member]
    ) -> None:
        """Replace the cells of an experiment, and its spec with them."""
        rows = ((experiment, position, key, axes) for position, key, axes in members)
        with self._file.transaction() as sql:
            sql.execute(_SET_SPEC, {"experiment": experiment, "spec": json.dumps(spec)})
            sql.execute(_REMOVE_CELLS, {"experiment": experiment})
            sql.executemany(_ENTER_CELL, rows)


def never_ran(root: Path, experiment: str, known: Iterable[str]) -> InvalidInput:
    """The error for an experiment that never ran in a results folder. known: those that did."""
    names = ", ".join(known) or "none yet"
    return InvalidInput("experiment", experiment, f"one that ran in {root}: {names}")


def _seeds(rows: Sequence[sqlite3.Row]) -> list[int]:
    """The seeds in the row of an experiment; none if there is no row."""
    return list(json.loads(rows[0]["seeds"])) if rows else []
