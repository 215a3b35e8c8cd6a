"""Searches the history of single pictures, and reads the entries of a part of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from .database import StoreFile

_MARKED = "key IN (SELECT key FROM marks WHERE mark = '{mark}' AND value >= {least})"
_IS_PINNED = _MARKED.format(mark="pin", least=1)
_IS_HIDDEN = _MARKED.format(mark="hide", least=1)
_HAS_WORD = """
    (
        instr(words, :word{number})
        OR key IN (
            SELECT key FROM marks WHERE mark = 'note' AND instr(casefold(value), :word{number})
        )
    )
"""
_SEARCH = f"""
    SELECT position, run, {_IS_PINNED} AS is_pinned, is_base
    FROM history_entries
    WHERE experiment = :experiment AND made IS NOT NULL AND {{conditions}}
    ORDER BY is_pinned DESC, {{order}}
"""
_NEWEST_FIRST = "position DESC"
# a run as it was made: from the lowest guidance to the highest, say
_NEWEST_RUN_FIRST = "run DESC, position"
ENTRY = """
    cells.key,
    cells.params,
    cells.image,
    cells.created,
    (SELECT json_group_object(mark, value) FROM marks WHERE marks.key = cells.key) AS marks
"""
_ENTRIES = f"""
    SELECT {ENTRY}, position, run, is_base, history_runs.along
    FROM json_each(:positions)
    CROSS JOIN history_entries ON experiment = :experiment AND position = json_each.value
    JOIN history_runs USING (experiment, run)
    JOIN cells ON cells.key = history_entries.key
    WHERE cells.status = 'ok'
    ORDER BY json_each.key
"""
_KEYS = """
    SELECT history_entries.key
    FROM json_each(:positions)
    CROSS JOIN history_entries ON experiment = :experiment AND position = json_each.value
    ORDER BY json_each.key
"""
_CHOICES = """
    SELECT model, width, height, COUNT(*) AS count
    FROM history_entries
    WHERE experiment = :experiment AND made IS NOT NULL AND NOT is_base
    GROUP BY model, width, height
"""
# asked from the marks, of which there are few
_HIDDEN = """
    SELECT COUNT(*)
    FROM marks
    JOIN history_entries ON experiment = :experiment AND history_entries.key = marks.key
    WHERE mark = 'hide' AND value >= 1 AND made IS NOT NULL AND NOT is_base
"""
_RUNS = """
    SELECT run, started, along FROM history_runs WHERE experiment = :experiment
"""


@dataclass(frozen=True)
class HistoryFilter:
    """Which pictures of the history to list; what is empty leaves out nothing.

    text: words that must all occur in the prompts or the note, in any case. stars: at least so
    many. size: width and height. since, until: times as in the store, the second one excluded.
    run: a number. hidden: those that are hidden, instead of the others.
    """

    text: str = ""
    stars: int = 0
    model: str = ""
    size: tuple[int, int] | None = None
    since: str = ""
    until: str = ""
    run: int = 0
    hidden: bool = False

    @property
    def conditions(self) -> dict[str, dict[str, object]]:
        """SQL -> the values of its named parameters."""
        hidden = _IS_HIDDEN if self.hidden else f"NOT {_IS_HIDDEN}"
        conditions: dict[str, dict[str, object]] = {hidden: {}}
        for number, word in enumerate(self.text.casefold().split()):
            conditions[_HAS_WORD.format(number=number)] = {f"word{number}": word}
        if self.stars:
            conditions[_MARKED.format(mark="stars", least=":stars")] = {"stars": self.stars}
        if self.model:
            conditions["model = :model"] = {"model": self.model}
        if self.size:
            width, height = self.size
            conditions["width = :width AND height = :height"] = {"width": width, "height": height}
        if self.since:
            conditions["made >= :since"] = {"since": self.since}
        if self.until:
            conditions["made < :until"] = {"until": self.until}
        if self.run:
            conditions["run = :run"] = {"run": self.run}
        return conditions


@dataclass(frozen=True)
class HistoryListing:
    """The pictures that a search lists: pinned ones, then the newest.

    positions: of each, by which `entries` reads it. runs: the number of each one's run. pinned: how
    many of them are pinned. pictures: how many there are, each counted once.
    """

    positions: list[int] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    pinned: int = 0
    pictures: int = 0


@dataclass(frozen=True)
class HistoryEntry:
    """A finished picture with its marks.

    params: JSON. image: its path, relative to the results folder. created: when it was made.
    position: grows from picture to picture. marks: name -> value. run: the number of its run.
    is_base: whether it is the picture whose neighbours its run made. along: in what they differ.
    """

    key: str
    params: str
    image: str
    created: str
    position: int
    marks: dict[str, Any]
    run: int = 0
    is_base: bool = False
    along: str = ""


@dataclass(frozen=True)
class HistoryChoices:
    """What the pictures of a history can be filtered by.

    count: of all finished pictures that are not hidden. hidden: how many are.
    """

    count: int = 0
    hidden: int = 0
    models: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)


def listing(
    file: StoreFile, experiment: str, chosen: HistoryFilter, *, by_run: bool = False
) -> HistoryListing:
    """The pictures that a filter lists.

    by_run: the pictures of a run in the order in which they were made; with a run of neighbours comes
    the picture that was varied, also if it is listed in a run of its own.
    """
    conditions = chosen.conditions
    order = _NEWEST_RUN_FIRST if by_run else _NEWEST_FIRST
    if not by_run:
        conditions["NOT is_base"] = {}
    arguments: dict[str, object] = {"experiment": experiment}
    for values in conditions.values():
        arguments |= values
    file.connection.create_function("casefold", 1, _casefold, deterministic=True)
    statement = _SEARCH.format(conditions=" AND ".join(conditions), order=order)
    rows = file.tuples(statement, **arguments)
    if not rows:
        return HistoryListing()
    positions, runs, are_pinned, are_bases = zip(*rows, strict=True)
    pictures = len(rows) - sum(are_bases)
    return HistoryListing(list(positions), list(runs), sum(are_pinned), pictures)


def entries(file: StoreFile, experiment: str, positions: Sequence[int]) -> list[HistoryEntry]:
    """The pictures at some positions of a listing, in their order."""
    rows = file.query(_ENTRIES, experiment=experiment, positions=json.dumps(positions))
    return [entry_of(row) for row in rows]


def choices(file: StoreFile, experiment: str) -> HistoryChoices:
    """What the pictures of a history can be filtered by."""
    rows = file.query(_CHOICES, experiment=experiment)
    [(hidden,)] = file.tuples(_HIDDEN, experiment=experiment)
    sizes = {(row["width"], row["height"]) for row in rows if row["width"] and row["height"]}
    return HistoryChoices(
        count=sum(row["count"] for row in rows) - hidden,
        hidden=hidden,
        models=sorted({row["model"] for row in rows}),
        sizes=sorted(sizes),
    )


def keys(file: StoreFile, experiment: str, positions: Sequence[int]) -> list[str]:
    """The keys of the pictures at some positions of a listing, in their order."""
    rows = file.tuples(_KEYS, experiment=experiment, positions=json.dumps(positions))
    return [key for (key,) in rows]


def runs(file: StoreFile, experiment: str) -> dict[int, tuple[str, str]]:
    """When each run started, and along which parameter its pictures differ, by its number."""
    rows = file.tuples(_RUNS, experiment=experiment)
    return {run: (started, along) for run, started, along in rows}


def entry_of(row: sqlite3.Row) -> HistoryEntry:
    """The entry in a row with the columns ENTRY."""
    values = dict(row)
    values["marks"] = json.loads(values["marks"])
    values["is_base"] = bool(values.get("is_base"))
    return HistoryEntry(**values)


def _casefold(text: object) -> str:
    return str(text).casefold()
