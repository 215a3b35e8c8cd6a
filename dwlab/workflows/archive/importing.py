"""A sweep of somebody else's, taken into a results folder after everything in it was checked.

Pictures are stored first, then their rows, and the experiment last, in one transaction: after a crash
in between, the folder is whole, and the same call goes on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..._util import yamlfile
from ..._util.checks import is_whole_number
from ...errors import InvalidInput
from ...paths import check_any_name, check_name
from ...runs.results import MEASURED
from ...runs.search_answer import SEARCH, checked_answer, save_answer
from ...spec import experiment_file
from ...spec.portable import check_portable
from ...spec.sweep import SweepSpec
from ...store.archived_cells import (
    ArchivedCell,
    ArchivedMember,
    ExperimentRow,
    enter_cell,
    enter_experiment,
    enter_members,
    experiment_row,
    is_kept,
    members,
)
from ...store.experiment_lock import entering_lock
from ...store.measurements import enter_facts
from ...store.store import GROUP_ROWS, Store
from ...store.votes import enter_votes
from . import layout
from .measured import checked_facts
from .pictures import store_inputs, store_picture
from .rows import LINE_LIMIT, cell_of
from .rows import matching_time as _time
from .sources import lines, read, source
from .votes import read_votes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .sources import Source

SWEEP_LIMIT = 16 << 20  # bytes
CELLS_LIMIT = 1_000_000
SEEDS_LIMIT = 1_000_000
MEMBERS_LIMIT = 1 << 30  # characters


@dataclass(frozen=True)
class Import:
    """What was taken in.

    cells: of the experiment. new: those whose rows were not here. kept: those that were here with
    other pixels, and stay as they are. votes: new ones. known_votes: those that were here. is_known:
    whether the experiment was here.
    """

    name: str
    cells: int
    new: int
    kept: int
    votes: int
    known_votes: int
    is_known: bool

    def __str__(self) -> str:
        text = f"{self.name}: {self.cells:,} cells, {self.new:,} of them new"
        if self.votes:
            text += f", {self.votes:,} new votes"
        if self.known_votes:
            text += f", {self.known_votes:,} votes that were here already"
        if self.kept:
            text += f"; {self.kept:,} cells were made here too, with other pixels: these stay as they are"
        if self.is_known and not self.new and not self.votes:
            text += "; all of it was here already"
        return text


def import_sweep(
    root: Path,
    path: Path,
    *,
    name: str | None = None,
    on_cell: Callable[[int, int], None] | None = None,
) -> Import:
    """Take an exported sweep, a zip or a folder, into the results folder `root`.

    name: for the experiment, instead of its own. on_cell: told after each cell of how many there
    were and how many there are. Nothing that is here is overwritten, but failures and pictures that
    are gone are made good.

    Raises InvalidInput for what is no export, for a row whose key is not the hash of its recipe, for
    a picture that is not what its row says, and for an experiment of that name that differs.
    """
    with source(path) as files:
        sweep = _sweep(files)
        spec = _spec(files, name)
        own = str(spec["name"])
        experiment = ExperimentRow(json.dumps(spec), json.dumps(sweep["seeds"]), sweep["created"])
        votes = list(read_votes(files, own, renamed=own != sweep["name"]))
        with Store(root) as store, entering_lock(root, own):
            is_known = experiment_row(store.file, own) is not None
            if is_known:
                _check_same(files, store, own, experiment)
            taken = _enter_cells(files, store, sweep["cells"], on_cell)
            with store.file.transaction() as sql:
                if not is_known:
                    enter_experiment(sql, own, experiment)
                    enter_facts(sql, own, sweep["measured"])
                enter_members(store.file, sql, own, taken.members)
            new_votes = enter_votes(store.file, own, votes)
            if sweep[SEARCH] is not None and not is_known:
                save_answer(root, own, sweep[SEARCH])
    return Import(
        name=own,
        cells=sweep["cells"],
        new=taken.new,
        kept=taken.kept,
        votes=new_votes,
        known_votes=len(votes) - new_votes,
        is_known=is_known,
    )


def _sweep(files: Source) -> dict[str, Any]:
    """What `sweep.json` says; raises InvalidInput."""
    try:
        values = json.loads(read(files, layout.SWEEP, SWEEP_LIMIT).decode())
        kind = values["format"], values["version"]
        cells = values["cells"]
        seeds = values["seeds"]
        created = _time("created", values["created"])
        measured = checked_facts(values.get(MEASURED, {}))
        answer = checked_answer(values[SEARCH]) if SEARCH in values else None
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(
            layout.SWEEP, "a text that is not understood", f"JSON ({error})"
        ) from None
    if kind != (layout.FORMAT, layout.VERSION):
        allowed = f"{layout.FORMAT} version {layout.VERSION}; update dwlab for a later one"
        raise InvalidInput(f"{layout.SWEEP}: format", kind, allowed)
    if not is_whole_number(cells) or not 0 < cells <= CELLS_LIMIT:
        raise InvalidInput(f"{layout.SWEEP}: cells", cells, f"1 to {CELLS_LIMIT:,}")
    is_list = isinstance(seeds, list) and len(seeds) <= SEEDS_LIMIT
    if not is_list or not all(is_whole_number(seed) and 0 <= seed < 2**63 for seed in seeds):
        raise InvalidInput(f"{layout.SWEEP}: seeds", seeds, "a list of seeds")
    return {
        "name": values.get("name"),
        "cells": cells,
        "seeds": seeds,
        "created": created,
        "measured": measured,
        SEARCH: answer,
    }


def _spec(files: Source, name: str | None) -> dict[str, Any]:
    """The sweep in `experiment.yaml`, which is read as data only; raises InvalidInput."""
    try:
        text = read(files, layout.EXPERIMENT, yamlfile.SIZE_LIMIT).decode()
    except UnicodeDecodeError:
        raise InvalidInput(layout.EXPERIMENT, "bytes that are not text", "UTF-8") from None
    values = experiment_file.parse(text, layout.EXPERIMENT)
    if not isinstance(values, dict):
        raise InvalidInput(layout.EXPERIMENT, values, "a map with name, base and axes")
    if name is not None:
        values = {**values, "name": check_name(name, "--as")}
    check_any_name(values.get("name"))
    check_portable(values)
    return SweepSpec.from_dict(values).as_dict()


def _cells(files: Source) -> Iterator[ArchivedCell]:
    for number, line in enumerate(lines(files, layout.ROWS, LINE_LIMIT), 1):
        if number > CELLS_LIMIT:
            raise InvalidInput(layout.ROWS, f"more than {CELLS_LIMIT:,} rows", "fewer")
        yield cell_of(line, number)


def _check_same(files: Source, store: Store, name: str, experiment: ExperimentRow) -> None:
    """Raise InvalidInput if the experiment of that name which is here is another one."""
    here = experiment_row(store.file, name)
    own = {position: (key, axes) for position, key, axes in members(store.file, name)}
    is_same = here is not None and _words(here) == _words(experiment)
    for cell in _cells(files) if is_same else ():
        # a sweep that went on has cells at positions that are free here
        member = (cell.row.key, cell.axes)
        is_same = is_same and own.get(cell.position, member) == member
    if not is_same:
        allowed = (
            "a name that is free: this results folder has another experiment of that name; choose one with "
            "--as NEWNAME"
        )
        raise InvalidInput("experiment", name, allowed)


def _words(experiment: ExperimentRow) -> tuple[object, object]:
    """An experiment's sweep and seeds, in which its cells are alike if these are."""
    spec = json.loads(experiment.spec)
    # they change no cell
    spec.pop("probes", None)
    return spec, json.loads(experiment.seeds)


@dataclass
class _Taken:
    """What was taken in so far. new, kept: see Import."""

    members: list[ArchivedMember] = field(default_factory=list)
    new: int = 0
    kept: int = 0
    # characters of `members`
    size: int = 0

    def add(self, member: ArchivedMember) -> None:
        """Take in what the experiment says of a cell, which stays in memory to the end."""
        self.members.append(member)
        self.size += len(member.axes)
        self.size += sum(
            len(name) + len(source) for name, (source, _) in member.measurements.items()
        )
        if self.size > MEMBERS_LIMIT:
            allowed = f"at most {MEMBERS_LIMIT >> 20:,} MiB of axes and measurements"
            raise InvalidInput(layout.ROWS, "more of them", allowed)


def _enter_cells(
    files: Source,
    store: Store,
    total: int,
    on_cell: Callable[[int, int], None] | None,
) -> _Taken:
    """Store pictures and rows, a group at a time."""
    taken = _Taken()
    group: list[ArchivedCell] = []
    for cell in _cells(files):
        taken.add(cell.member)
        if is_kept(store.file, cell.row):
            taken.kept += 1
        else:
            store_inputs(files, store, cell)
            store_picture(files, store, cell)
            group.append(cell)
        if len(group) >= GROUP_ROWS:
            taken.new += _enter_group(store, group)
            group.clear()
        if on_cell:
            on_cell(len(taken.members), total)
    taken.new += _enter_group(store, group)
    if len(taken.members) != total:
        rows = f"{len(taken.members):,} rows"
        raise InvalidInput(layout.ROWS, rows, f"{total:,}, as {layout.SWEEP} says")
    return taken


def _enter_group(store: Store, cells: list[ArchivedCell]) -> int:
    """Enter the rows of cells at once; returns how many were new."""
    with store.file.transaction() as sql:
        return sum(enter_cell(store.file, sql, cell) for cell in cells)
