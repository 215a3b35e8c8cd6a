"""Run a sweep: identify models, resolve cells, compute what the store lacks, save as it finishes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from .._util.gc_paused import gc_paused
from ..cluster.place import placed
from ..errors import InvalidInput
from ..events import Cancelled
from ..metrics import registry
from ..paths import results_folder
from ..pictures.cut_prompts import cut_note
from ..pictures.not_finite import nan_warning
from ..spec.compute import Compute
from ..spec.sweep import LIMIT, SweepSpec
from ..store.experiment_lock import experiment_lock
from ..store.store import Store
from . import code_trust, pending
from .measuring import measure_in_run
from .metric_jobs import jobs_of_sweep
from .outcome import Outcome
from .remeasure import measure_what_is_missing
from .resolve import identify_all, stop_downloads
from .saver import Saver
from .trace_filling import TraceFilling, lacking_note
from .work import Work

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from ..render.renderer import Renderer
    from ..spec.cells import Cell
    from .measuring import Listener as Measuring
    from .metric_jobs import Job
    from .resolve import Identities, Listener


def run(
    spec: SweepSpec,
    *,
    results: str | Path | None = None,
    compute: Compute = Compute(),
    limit: int = LIMIT,
    render: Renderer | None = None,
    on_plan: Callable[[int, Work], None] | None = None,
    on_event: Listener | None = None,
    on_measure: Measuring | None = None,
    cancel: threading.Event | None = None,
    download: bool = True,
    fill_traces: bool = False,
    cells: Sequence[Cell] | None = None,
    to_make: Collection[int] | None = None,
) -> Outcome:
    """Compute the cells of a sweep that the results folder lacks.

    render: makes the pictures; by default what `compute.where` names does.
    on_plan: called before the first picture with the number of cells and the Work that is left.
    on_event: told of each event, of `done` and `failed` only after their row is committed; events
    carry the position of their cell in the sweep.
    on_measure: told of a metric's column, how many pictures were measured, and of how many.
    cancel: once it is set, the run stops within a step, as it does on Ctrl-C, with everything
    finished so far committed.
    download: see `dwlab.stream`.
    fill_traces: make finished pictures again that lack traces of the sweep's probes, and keep these;
    the pictures stay as they are.
    cells: those that are chosen so far, in the order of their positions, if not all of the sweep's
    are computed. The experiment then has these alone. to_make: the positions of those to compute now
    if they are not there; None for all.

    Failed cells of an earlier run are tried again, and finished ones whose picture is gone are made
    again. Code of the user's own runs only if the person here agreed to it (see `code_trust`). If the files of a model change after its cells were resolved, its cells fail. Raises
    InvalidInput or ModelError before any weights load, StoreError if the folder cannot be used or
    another process runs this experiment there, and what `dwlab.cluster.place.placed` does.
    """
    if spec.request is not None and cells is None:
        allowed = (
            "left out to compute all cells; dwlab.search(...) and `dwlab sweep FILE` run a search"
        )
        raise InvalidInput("search", spec.search or spec.budget, allowed)
    jobs = check_metrics(spec)
    compute = compute.of_experiment(spec.measures, spec.probe_names)
    # nothing is in the store yet, so random seeds stand in for others
    planned = spec.cells(limit=limit) if cells is None else cells
    with contextlib.ExitStack() as stack:
        try:
            place = stack.enter_context(placed(compute, render, cancel=cancel))
            compute = place.compute
            listener = stop_downloads(cancel, on_event)
            identities = _identify(spec, planned, compute, download, listener)
            place.check_memory(identities.values())
        # while a job waited in a queue, or a model was downloaded
        except Cancelled:
            return Outcome(spec.name, results_folder(results), len(planned), begun=False)
        with Store(results_folder(results)) as store, experiment_lock(store.root, spec.name):
            todo = pending.enter(
                spec, store, identities, exact=compute.exact, limit=limit, chosen=cells
            )
            if to_make is not None:
                todo = todo.only(to_make)
            outcome = Outcome(spec.name, store.root, todo.total, todo.total - len(todo.cells))
            outcome.notes = tuple(store.notes)
            filling = TraceFilling(store, outcome, todo.images) if fill_traces else None
            resolved = [*todo.cells, *todo.lacking] if fill_traces else todo.cells
            if on_plan:
                on_plan(todo.total, Work.of_cells(resolved, store))
            if resolved:
                saver = Saver(
                    store,
                    outcome,
                    resolved,
                    exact=compute.exact,
                    metrics=registry.names_to_save(spec.metrics),
                    listener=on_event,
                    filling=filling,
                )
                saver.take_all(place.render(resolved, compute=compute, cancel=cancel))
            if filling:
                outcome.notes += tuple(filling.notes())
            elif todo.lacking:
                outcome.notes += (lacking_note(len(todo.lacking), spec.probe_names),)
            measure_what_is_missing(store, spec.name, registry.names_to_save(spec.metrics))
            outcome.notes += measure_in_run(
                store, spec.name, jobs, compute.own_device, on_progress=on_measure, cancel=cancel
            )
            _warn_of_nan(outcome, store)
            _note_cut_prompts(outcome, store)
        return outcome


def check_metrics(spec: SweepSpec) -> list[Job]:
    """The metrics of a sweep's finished pictures, ready to be measured.

    Raises InvalidInput for metrics that do not exist, lack an option or cannot rank, and ModelError
    for the files of a network that cannot be used.
    """
    registry.check(spec.metrics)
    registry.check_ranking(spec.metric, spec.metrics)
    return jobs_of_sweep(spec)


@gc_paused()
def _identify(
    spec: SweepSpec,
    cells: Sequence[Cell],
    compute: Compute,
    download: bool,
    listener: Listener | None,
) -> Identities:
    """The models of a sweep's cells."""
    params = [cell.params for cell in cells]
    code_trust.check([*params, *spec.own_metrics])
    return identify_all(params, compute, download=download, on_event=listener)


def _warn_of_nan(outcome: Outcome, store: Store) -> None:
    shares = store.metrics.nan_shares_of_experiment(outcome.name)
    outcome.nan = len(shares)
    outcome.warning = nan_warning(shares, outcome.total)


def _note_cut_prompts(outcome: Outcome, store: Store) -> None:
    note = cut_note(store.metrics.cuts_of_experiment(outcome.name))
    if note:
        outcome.notes = (*outcome.notes, note)
