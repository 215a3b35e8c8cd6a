"""Runs a sweep within a budget: round after round of cells that a search chooses.

Each round is an ordinary run of the sweep with the cells chosen so far. Nothing but the rows is
remembered: the same command chooses the same cells again, finds them in the store, and goes on.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from ...errors import InvalidInput
from ...events import Cancelled
from ...paths import results_folder
from ...render.renderer import Renderer, render
from ...runs.outcome import Outcome
from ...runs.run import check_metrics, run
from ...runs.search_answer import save_answer
from ...searching.searching import SEARCH_SHARE, Search
from ...searching.strategy import FILL
from ...spec.budget import Budget, Unit
from ...spec.compute import Compute
from ...spec.search_request import SearchRequest
from ...spec.sweep import LIMIT, SweepSpec
from .answer import answer_of
from .grid import search_grid
from .known import Known
from .methods import margin_of, method_name, strategy_of
from .ranking_metric import ranking_metric
from .resolved import cells_with_seeds, identified, resolved_cells, seconds_per_row
from .work import work_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ...runs.measuring import Listener as Measuring
    from ...runs.resolve import Identities, Listener
    from ...runs.work import Work
    from ...searching.problem import Draw
    from .grid import SearchGrid


def run_within_budget(
    spec: SweepSpec,
    *,
    results: str | Path | None = None,
    compute: Compute = Compute(),
    limit: int = LIMIT,
    render: Renderer = render,
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
    and a budget that does not pay for the first round.
    """
    request = spec.request or SearchRequest()
    planned = spec.cells(limit=limit)
    metric = ranking_metric(spec, planned)
    method = method_name(request, metric)
    margin = margin_of(request, metric)
    check_metrics(spec)
    root = results_folder(results)
    full = compute.of_experiment(spec.measures, spec.probe_names)
    try:
        identities = identified(
            spec, planned, full, download=download, on_event=on_event, cancel=cancel
        )
    except Cancelled:
        return Outcome(spec.name, root, len(planned), begun=False)
    # nothing is written before a sweep that cannot be searched is refused
    search_grid(
        planned, resolved_cells(planned, identities, root, full.exact), metric, request, margin
    )
    cells = cells_with_seeds(spec, root, limit)
    resolved = resolved_cells(cells, identities, root, full.exact)
    grid = search_grid(cells, resolved, metric, request, margin)
    known = Known(
        root, spec.name, metric.name, {draw: cell.key for draw, cell in grid.resolved.items()}
    )
    search = Search(
        grid.problem,
        strategy_of(method, seed=request.seed, fill=_fill(full, identities)),
        spec.most,
        free=known.of_others(),
    )
    rate = seconds_per_row(resolved, root)
    _check_budget(search, rate)
    make = functools.partial(
        run,
        spec,
        results=root,
        compute=compute,
        limit=limit,
        render=render,
        cancel=cancel,
        download=download,
        on_event=on_event,
        on_measure=on_measure,
        fill_traces=fill_traces,
    )
    rounds = _Rounds(grid, known, search, make, on_plan, rate)
    while not (cancel and cancel.is_set()) and rounds.make_next():
        pass
    outcome = rounds.entered(Outcome(spec.name, root))
    if not outcome.begun:
        return Outcome(spec.name, root, len(cells), begun=False)
    save_answer(
        root, spec.name, answer_of(search, grid, metric.name, method, is_over=rounds.is_over)
    )
    return outcome


def _fill(compute: Compute, identities: Identities) -> int:
    """How many pictures a round has at least, so that packs are full."""
    packs = [compute.pack or identity.pack or FILL for identity in identities.values()]
    return max(FILL, *packs)


class _Rounds:
    """The rounds of a search, each a run of the cells that were chosen so far.

    make: runs the sweep. on_plan: told once of the work of all rounds. rate: seconds per row of the
    denoiser, if that is known before. is_over: whether the search wants no more pictures.
    """

    def __init__(
        self,
        grid: SearchGrid,
        known: Known,
        search: Search,
        make: Callable[..., Outcome],
        on_plan: Callable[[int, Work], None] | None,
        rate: float | None,
    ) -> None:
        self.is_over = False
        self._grid = grid
        self._known = known
        self._search = search
        self._make = make
        self._on_plan = on_plan
        self._rate = rate
        self._chosen: list[Draw] = []
        self._outcomes: list[Outcome] = []

    def make_next(self) -> bool:
        """Make the pictures of the next round that are not there; whether there was one, to its end."""
        search = self._search
        draws = search.next_round(None if search.spent.rows else self._rate)
        if not draws:
            self.is_over = True
            return False
        self._chosen += draws
        if not all(map(self._known.is_complete, draws)):
            self._run(draws)
        cells = {draw: self._known.of(draw) for draw in draws}
        outcomes = {draw: cell for draw, cell in cells.items() if cell is not None}
        paid = [draw for draw in outcomes if draw not in search.free]
        values = [cell.value for cell in outcomes.values()]
        search.tell(list(outcomes), values, self._known.seconds(paid))
        return len(outcomes) == len(draws)

    def _run(self, draws: Sequence[Draw]) -> None:
        outcome = self._make(
            cells=self._grid.chosen(self._chosen),
            to_make={self._grid.cells[draw].position for draw in draws},
            on_plan=self._plan if not self._outcomes else None,
        )
        self._outcomes.append(outcome)
        self._known.read()

    def _plan(self, _total: int, _todo: Work) -> None:
        if self._on_plan:
            cells = self._grid.resolved
            open_cells = [cell for draw, cell in cells.items() if draw not in self._search.free]
            search = self._search
            work = work_of(open_cells, search.budget, search.spent, self._rate)
            self._on_plan(len(cells), work)

    def entered(self, outcome: Outcome) -> Outcome:
        """How all rounds together ended. outcome: takes it; the chosen cells are entered."""
        if not self._chosen:
            outcome.begun = False
            return outcome
        if not self._outcomes:
            self._run([])
        last = self._outcomes[-1]
        outcome.is_stopped = not self.is_over
        outcome.total = last.total
        outcome.made = sum(each.made for each in self._outcomes)
        outcome.failed = sum(each.failed for each in self._outcomes)
        outcome.filled = sum(each.filled for each in self._outcomes)
        outcome.reused = last.total - outcome.made - outcome.failed - last.left
        notes = [note for each in self._outcomes for note in each.notes]
        outcome.notes = tuple(dict.fromkeys(notes))
        outcome.nan = last.nan
        outcome.warning = last.warning
        return outcome


def _check_budget(search: Search, rate: float | None) -> None:
    """Raise InvalidInput if a budget does not pay for the first round."""
    if search.budget is None:
        return
    draws = search.strategy.next_round(search.scores)
    if len(search.next_round(rate)) >= len(draws):
        return
    paid = [draw for draw in draws if draw not in search.free]
    rows = sum(search.problem.prices[draw.setting] for draw in paid)
    amounts = {Unit.PICTURES: len(paid), Unit.ROWS: rows, Unit.SECONDS: rows * (rate or 0.0)}
    share = SEARCH_SHARE if search.problem.held_out else 1.0
    unit = search.budget.unit
    needed = Budget(-(-amounts[unit] // share), unit)
    allowed = (
        f"at least {needed}, so that the first round of the search can be paid, or fewer settings"
    )
    raise InvalidInput("budget", str(search.budget), allowed)
