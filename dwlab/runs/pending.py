"""Which cells of a sweep are to be computed: new ones, failed ones, and those whose picture is gone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .._util.gc_paused import gc_paused
from ..pictures.inputs import Inputs
from ..store.experiments import Member
from .own_code import keep_code
from .resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ..render.resolved_cell import ResolvedCell
    from ..spec.cells import Cell
    from ..spec.sweep import SweepSpec
    from ..store.store import Store
    from .resolve import Identities

_axes_json = json.JSONEncoder(default=str).encode


@dataclass(frozen=True)
class Pending:
    """Which cells are to be computed.

    total: the cells of a sweep. cells: those that are to be computed, in its order. lacking: finished
    ones that lack traces of the sweep's probes. images: the paths of their pictures by key.
    """

    total: int
    cells: list[ResolvedCell]
    lacking: list[ResolvedCell] = field(default_factory=list)
    images: Mapping[str, str] = field(default_factory=dict)

    def only(self, positions: Collection[int]) -> Pending:
        """The same with no other cells to be computed than those at some positions."""
        return replace(self, cells=[cell for cell in self.cells if cell.position in positions])


@gc_paused()
def enter(
    spec: SweepSpec,
    store: Store,
    identities: Identities,
    *,
    exact: int | None,
    limit: int,
    chosen: Sequence[Cell] | None = None,
) -> Pending:
    """Enter a sweep with its cells in the store, and look up which of them are to be computed.

    chosen: the cells that it has so far, if not all.
    Random seeds are drawn when a sweep is entered for the first time. Cells that failed in an
    earlier run are tried again, and finished ones whose picture is gone are made again.
    """
    before = store.experiments.specs().get(spec.name)
    document = spec.as_dict()
    seeds = store.experiments.enter(spec.name, document, spec.random_seeds)
    drawn = spec.cells(seeds, limit=limit) if chosen is None else chosen
    inputs = Inputs(store.root, write=True)
    resolved = resolve((cell.params for cell in drawn), identities, exact, inputs=inputs)
    if chosen is not None:
        pairs = zip(resolved, chosen, strict=True)
        resolved = [replace(cell, position=own.position) for cell, own in pairs]
    # cells that differ only in what a key leaves out, as `dtype: auto` and its dtype, are one
    cells = {cell.key: cell for cell in resolved}
    members = store.experiments.members(spec.name)
    is_entered = [(member.position, member.key) for member in members] == [
        (cell.position, key) for key, cell in cells.items()
    ]
    if before != document or not is_entered:
        store.experiments.set_members(spec.name, document, _members(cells, drawn))
        members = store.experiments.members(spec.name)
    keep_code(store.root, [cell.params for cell in drawn])
    _note_lost_pictures(store, [member.status for member in members])
    todo = [cells[member.key] for member in members if member.status != "ok"]
    pending = {cell.key for cell in todo}
    images = store.traces.lacking(spec.name, spec.probe_names) if spec.probes else {}
    lacking = [cells[key] for key in images if key not in pending]
    return Pending(len(cells), todo, lacking, images)


def _members(cells: Mapping[str, ResolvedCell], drawn: Sequence[Cell]) -> list[Member]:
    """The cells as members of the experiment, with their values of its axes."""
    axes = {cell.position: cell.axes for cell in drawn}
    return [
        Member(cell.position, key, _axes_json(axes[cell.position])) for key, cell in cells.items()
    ]


def _note_lost_pictures(store: Store, statuses: list[str | None]) -> None:
    lost = statuses.count("gone")
    if lost:
        pictures = "1 picture was" if lost == 1 else f"{lost:,} pictures were"
        store.notes.append(f"{pictures} missing or cut short: to be made again")
