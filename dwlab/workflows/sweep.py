"""Sweeps and benchmarks as a person wants them: with a progress bar, a log, files written, and Ctrl-C that loses nothing."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING

from ..events import Downloading
from ..models.download_bar import DownloadBar
from ..paths import experiment_folder, results_folder
from ..runs.eta import Pace
from ..runs.run import run
from ..spec import no_effect
from ..spec.compute import Compute
from ..spec.sweep import LIMIT
from ..views.progress import Progress
from .artifacts import write_artifacts
from .interrupt import ctrl_c_sets
from .runlog import RunLog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ..events import Event
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
) -> tuple[Outcome, dict[str, Path]]:
    """Run what is missing and write the files of the sweep; returns the outcome and the files by what they are.

    on_plan, on_event: told as by `dwlab.runs.run.run`; who gives `on_event` shows progress and warnings in place of stderr.
    Ctrl-C leaves everything finished so far and is raised on as KeyboardInterrupt.
    """
    began, cancel = time.monotonic(), cancel or threading.Event()
    warnings = no_effect.warnings(spec, spec.cells(limit=limit))
    log = RunLog(experiment_folder(results_folder(results), spec.name) / "run.log")
    with contextlib.ExitStack() as stack:
        listeners = [log.event, on_event or _Downloads()]
        ctrl_c = threading.Event()

        def begin(total: int, todo: Work) -> None:
            log.start(total, Pace(todo))
            for text in warnings:
                log.line(f"warning: {text}")
                if not on_event:
                    print(f"warning: {text}", file=sys.stderr)
            if on_plan:
                on_plan(total, todo)
            stack.enter_context(ctrl_c_sets(ctrl_c, cancel))
            if todo and not on_event:
                listeners.append(stack.enter_context(Progress(Pace(todo))).update)

        def tell(event: Event) -> None:
            for listener in listeners:
                listener(event)

        try:
            outcome = run(
                spec,
                results=results,
                compute=compute,
                limit=limit,
                cancel=cancel,
                download=download,
                on_plan=begin,
                on_event=tell,
            )
        except KeyboardInterrupt:
            log.line("interrupted")
            raise
        if ctrl_c.is_set():
            log.line("interrupted")
            raise KeyboardInterrupt
    log.end(outcome)
    files = _files(outcome, spec, warnings, time.monotonic() - began)
    return outcome, {**files, "log": log.path}


def _files(
    outcome: Outcome, spec: SweepSpec, warnings: Sequence[str], seconds: float
) -> dict[str, Path]:
    """Write the files of a sweep, if anything of it is in the store."""
    return (
        write_artifacts(outcome, seconds=seconds, spec=spec, warnings=warnings)
        if outcome.begun
        else {}
    )


class _Downloads:
    """Shows how far downloads are, of all events."""

    def __init__(self) -> None:
        self._bar = DownloadBar()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Downloading):
            self._bar(event.download)
