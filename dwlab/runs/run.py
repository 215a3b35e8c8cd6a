"""Run a sweep: resolve, key, compute what the store lacks, save each cell as it finishes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._util.gc_paused import gc_paused
from ..events import Cancelled, Event
from ..metrics import measures
from ..paths import results_folder
from ..pictures.not_finite import nan_warning
from ..render.stream import stream
from ..spec.modes import mode
from ..spec.sweep import LIMIT, SweepSpec
from ..store.store import Store
from .plan import Plan, Work, make_plan, work_of
from .remeasure import measure_again
from .resolve import Identities, cell_key, identify_all
from .results import Results, Table
from .saver import Saver

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from ..spec.cells import Cell


_AXES = json.JSONEncoder(default=str)
Renderer = Callable[..., Iterator["Event"]]
Listener = Callable[["Event"], None]


@dataclass
class Outcome:
    """How a run ended. total: cells of the sweep; reused: finished before; made, failed: in this run.

    begun: False if it was cancelled while a model was downloaded, before anything was entered in the store.
    nan: finished pictures, also of earlier runs, with values that were not finite; warning: a line about them, if there are.
    """

    name: str
    root: Path
    total: int = 0
    reused: int = 0
    made: int = 0
    failed: int = 0
    notes: tuple[str, ...] = ()
    begun: bool = True
    nan: int = 0
    warning: str | None = None

    @property
    def left(self) -> int:
        """Cells that were not reached, because the run was stopped."""
        return self.total - self.reused - self.made - self.failed


class Sweep(SweepSpec):
    """A sweep that can be planned and run; see SweepSpec for its fields."""

    def plan(
        self,
        results: str | Path | None = None,
        *,
        device: str = "auto",
        profile: str | None = None,
        exact: int | None = None,
        limit: int = LIMIT,
    ) -> Plan:
        """Counts and estimates; loads no model and writes nothing."""
        root = results_folder(results)
        return make_plan(self, root, device_name=device, profile=profile, exact=exact, limit=limit)

    def run(self, results: str | Path | None = None, **options: Any) -> Table:
        """Compute what is missing and return the table; options as of `dwlab.runs.run.run`."""
        outcome = run(self, results=results, **options)
        return Results(outcome.root).table(self.name)


def run(
    spec: SweepSpec,
    *,
    results: str | Path | None = None,
    device: str = "auto",
    pack: int | None = None,
    profile: str | None = None,
    exact: int | None = None,
    limit: int = LIMIT,
    render: Renderer = stream,
    on_plan: Callable[[int, Work], None] | None = None,
    on_event: Listener | None = None,
    cancel: threading.Event | None = None,
    download: bool = True,
) -> Outcome:
    """Compute the cells of a sweep that the results folder lacks.

    pack, profile, exact: as of `dwlab.stream`; a picture made in exact mode has a key of its own. on_plan: told, before the
    first picture, how many cells there are and the Work that is left. on_event: told each event; `done` and `failed` only
    after their row is committed. download: as for `dwlab.stream`. `cancel` and Ctrl-C stop within a step, with everything
    finished so far committed. Failed cells
    of an earlier run are tried again, and finished ones whose picture is gone are made again. Raises
    InvalidInput or ModelError before any weights load, StoreError when the folder cannot be used or
    another process runs this experiment there.
    """
    measures.check_names(spec.metrics)
    measures.check_ranking(spec.metric, spec.metrics)
    mode(exact)
    with gc_paused():
        drafts = spec.cells(limit=limit)
    try:
        asked = [cell.params for cell in drafts]
        tell = unless(cancel, on_event)
        identities = identify_all(asked, device, download=download, profile=profile, on_event=tell)
    except Cancelled:  # while a model was downloaded
        return Outcome(spec.name, results_folder(results), len(drafts), begun=False)
    with Store(results_folder(results)) as store, store.alone(spec.name):
        cells, todo = _look_up(spec, drafts, identities, store, exact, limit)
        outcome = Outcome(
            spec.name, store.root, len(cells), len(cells) - len(todo), notes=tuple(store.notes)
        )
        asked = [cell.params for cell in todo]
        if on_plan:
            on_plan(len(cells), work_of(asked, identities, store))
        if todo:
            saver = Saver(spec.name, spec.metrics, store, identities, outcome, on_event, exact)
            saver.take_all(
                render(
                    asked,
                    device=device,
                    pack=pack,
                    profile=profile,
                    exact=exact,
                    cancel=cancel,
                    download=download,
                )
            )
        measure_again(store, spec.name, spec.metrics, all_of_them=False)
        shares = store.nan_shares(experiment=spec.name)
        outcome.nan, outcome.warning = len(shares), nan_warning(shares, outcome.total)
    return outcome


def unless(cancel: threading.Event | None, listener: Listener | None) -> Listener | None:
    """A listener that ends the download which it hears of once `cancel` is set."""
    if listener is None:
        return None

    def tell(event: Event) -> None:
        if cancel and cancel.is_set():
            raise Cancelled
        listener(event)

    return tell


@gc_paused()
def _look_up(
    spec: SweepSpec,
    drafts: list[Cell],
    identities: Identities,
    store: Store,
    exact: int | None,
    limit: int,
) -> tuple[dict[str, Cell], list[Cell]]:
    """Enter a sweep with its cells in the store; returns the cells by key, and those that are to be computed."""
    known, asked = store.experiments().get(spec.name), spec.as_dict()
    seeds = store.enter(spec.name, asked, spec.random_seeds)
    drawn = spec.cells(seeds, limit=limit) if seeds else drafts
    cells = {cell_key(cell.params, identities, exact): cell for cell in drawn}
    members = store.members(spec.name)
    if known != asked or [row[:2] for row in members] != [
        (cell.position, key) for key, cell in cells.items()
    ]:
        entered = [(cell.position, key, _AXES.encode(cell.axes)) for key, cell in cells.items()]
        store.set_membership(spec.name, asked, entered)
        members = store.members(spec.name)
    lost = sum(status == "gone" for *_, status in members)
    if lost:
        pictures = "1 picture was" if lost == 1 else f"{lost:,} pictures were"
        store.notes.append(f"{pictures} missing or cut short: to be made again")
    return cells, [cells[key] for _, key, status in members if status != "ok"]
