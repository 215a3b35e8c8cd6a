"""Runs a sweep for a person: with a progress bar, a log, its files, and a Ctrl-C that loses nothing."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING

from ..cluster.place import placed
from ..events import Downloading
from ..models.download_bar import DownloadBar
from ..paths import experiment_folder, results_folder
from ..runs import code_trust
from ..runs.eta import Pace
from ..runs.run import run
from ..spec import no_effect
from ..spec.compute import Compute
from ..spec.sweep import LIMIT
from ..views.progress import Progress
from .interrupt import ctrl_c_sets
from .made_from import FILES, MadeFrom, source_of
from .runlog import RunLog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ..events import Event
    from ..render.renderer import Renderer
    from ..runs.outcome import Outcome
    from ..runs.work import Work
    from ..spec.sweep import SweepSpec


def execute(
    spec: SweepSpec,
    *,
    results: str | Path | None = None,
    compute: Compute = Compute(),
    limit: int = LIMIT,
    cancel: threading.Event | None = None,
    download: bool = True,
    on_plan: Callable[[int, Work], None] | None = None,
    on_event: Callable[[Event], None] | None = None,
    trust_code: bool = False,
    fill_traces: bool = False,
    render: Renderer | None = None,
) -> tuple[Outcome, dict[str, Path]]:
    """Compute what is missing and write the files of the sweep; returns the outcome and the files.

    Of a sweep with a budget or a search, only the cells that are chosen are computed.
    The files are named by what they are: `report`, `viewer`, `table`, `grid` and `log`. For on_plan and
    on_event see `dwlab.runs.run.run`; if `on_event` is given, nothing is printed to stderr. Ctrl-C
    keeps everything that is finished and is raised again as KeyboardInterrupt. trust_code: run the
    code that the sweep names by its file, now and later. fill_traces, render: see `dwlab.runs.run.run`.
    """
    began = time.monotonic()
    cancel = cancel or threading.Event()
    cells = spec.cells(limit=limit)
    if trust_code:
        code_trust.trust([*(cell.params for cell in cells), *spec.own_metrics])
    warnings = no_effect.warnings(spec, cells)
    log = RunLog(experiment_folder(results_folder(results), spec.name) / "run.log")
    with contextlib.ExitStack() as stack:
        # workers stay for all rounds of a search
        place = stack.enter_context(placed(compute, render))
        follower = _RunFollower(stack, log, warnings, cancel, on_plan, on_event)
        try:
            compute_cells = _computing(spec)
            outcome = compute_cells(
                spec,
                results=results,
                compute=place.compute,
                render=place.render,
                limit=limit,
                cancel=cancel,
                download=download,
                on_plan=follower.begin,
                on_event=follower.tell,
                on_measure=follower.tell_measured,
                fill_traces=fill_traces,
            )
            follower.raise_ctrl_c()
        except KeyboardInterrupt:
            log.line("interrupted")
            raise
    log.end(outcome)
    files = {}
    if outcome.begun:
        files = _files(outcome, spec, warnings, began)
    return outcome, {**files, "log": log.path}


def _files(
    outcome: Outcome, spec: SweepSpec, warnings: Sequence[str], began: float
) -> dict[str, Path]:
    """The files of a sweep, made again only if something in them could be different by now."""
    folder = experiment_folder(outcome.root, outcome.name)
    record = MadeFrom(folder)
    source = source_of(outcome.root, outcome.name, [*warnings, *outcome.notes])
    if record.has(FILES.values(), source):
        outcome.is_unchanged = True
        return {kind: folder / name for kind, name in FILES.items()}
    # here, because matplotlib and pandas take seconds to import
    from .artifacts import write_artifacts

    seconds = time.monotonic() - began
    files = write_artifacts(outcome, seconds=seconds, spec=spec, warnings=warnings)
    record.keep(FILES.values(), source)
    return files


def _computing(spec: SweepSpec) -> Callable[..., Outcome]:
    """What computes the cells of a sweep: all of them, or those that a search chooses."""
    if spec.request is None:
        return run
    # here, because statsmodels takes seconds to import
    from .budgeted.run import run_within_budget

    return run_within_budget


class _RunFollower:
    """Follows a run: writes its log, tells the caller or stderr, and keeps Ctrl-C until a step ends.

    stack: of what ends together with the run.
    """

    def __init__(
        self,
        stack: contextlib.ExitStack,
        log: RunLog,
        warnings: Sequence[str],
        cancel: threading.Event,
        on_plan: Callable[[int, Work], None] | None,
        on_event: Callable[[Event], None] | None,
    ) -> None:
        self._stack = stack
        self._log = log
        self._warnings = warnings
        self._cancel = cancel
        self._ctrl_c = threading.Event()
        self._on_plan = on_plan
        # with a listener of the caller's, nothing is printed
        self._display = None if on_event else _Display()
        self._listeners: list[Callable[[Event], None]] = [log.event]
        if listener := on_event or self._display:
            self._listeners.append(listener)

    def begin(self, total: int, todo: Work) -> None:
        """Take in how much there is to do."""
        self._log.start(total, Pace(todo))
        for text in self._warnings:
            self._log.warn(text)
            if self._display:
                print(f"warning: {text}", file=sys.stderr)
        if self._on_plan:
            self._on_plan(total, todo)
        self._stack.enter_context(ctrl_c_sets(self._ctrl_c, self._cancel))
        if self._display and todo:
            self._stack.enter_context(self._display.progress(todo))

    def tell(self, event: Event) -> None:
        """Take in an event."""
        for listener in self._listeners:
            listener(event)

    def tell_measured(self, column: str, done: int, total: int) -> None:
        """Take in how many pictures a metric was measured of."""
        if self._display:
            self._display.measured(column, done, total)

    def raise_ctrl_c(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self._ctrl_c.is_set():
            raise KeyboardInterrupt


class _Display:
    """Shows the events of a run on stderr: downloads, then a progress bar."""

    def __init__(self) -> None:
        self._downloads = DownloadBar()
        self._progress: Progress | None = None

    def progress(self, todo: Work) -> Progress:
        """The progress bar, which begins when it is entered."""
        self._progress = Progress(Pace(todo))
        return self._progress

    def __call__(self, event: Event) -> None:
        if isinstance(event, Downloading):
            self._downloads(event.download)
        elif self._progress:
            self._progress.update(event)

    def measured(self, column: str, done: int, total: int) -> None:
        """Show how many pictures a metric was measured of."""
        if self._progress:
            self._progress.note(f"{column} of {done:,}/{total:,}")
