"""Runs a sweep within a budget: round after round of cells that a search chooses.

Each round is an ordinary run of the sweep with the cells chosen so far. Nothing but the rows is
remembered: the same command chooses the same cells again, finds them in the store, and goes on.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from ...cluster.place import placed
from ...events import Cancelled
from ...paths import results_folder
from ...runs.outcome import Outcome
from ...runs.run import run
from ...spec.compute import Compute
from ...spec.sweep import LIMIT, SweepSpec
from .chosen import ChosenCells
from .grid_search import search_in_grid
from .optuna_search import check_optuna, search_with_optuna
from .prepared import prepared

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from ...render.renderer import Renderer
    from ...runs.measuring import Listener as Measuring
    from ...runs.resolve import Listener
    from ...runs.work import Work


def run_within_budget(
    spec: SweepSpec,
    *,
    results: str | Path | None = None,
    compute: Compute = Compute(),
    limit: int = LIMIT,
    render: Renderer | None = None,
    cancel: threading.Event | None = None,
    download: bool = True,
    on_plan: Callable[[int, Work], None] | None = None,
    on_event: Listener | None = None,
    on_measure: Measuring | None = None,
    fill_traces: bool = False,
) -> Outcome:
    """Compute the cells of a sweep that its search chooses, and keep what it found.

    The arguments are those of `dwlab.runs.run.run`; `on_plan` is told of a `BudgetWork`. Pictures
    that the store has from elsewhere are free. A round that began is finished, so a budget in time
    may be passed by less than a round. Raises InvalidInput also for a sweep that no metric ranks,
    and a budget that does not pay for the first round; MissingExtra without Optuna if it is to
    choose.
    """
    has_optuna = spec.request is not None and spec.request.is_optuna
    if has_optuna:
        check_optuna()
    # workers, and the models that they hold, stay between rounds
    with placed(compute, render) as place:
        try:
            plan = prepared(
                spec,
                place.compute,
                workers=place.workers,
                results=results,
                limit=limit,
                download=download,
                on_event=on_event,
                cancel=cancel,
            )
        except Cancelled:
            total = len(spec.cells(limit=limit))
            return Outcome(spec.name, results_folder(results), total, begun=False)
        make = functools.partial(
            run,
            spec,
            results=plan.root,
            compute=place.compute,
            limit=limit,
            render=place.render,
            cancel=cancel,
            download=download,
            on_event=on_event,
            on_measure=on_measure,
            fill_traces=fill_traces,
        )
        search = search_with_optuna if has_optuna else search_in_grid
        return search(plan, ChosenCells(make, on_plan), cancel)
