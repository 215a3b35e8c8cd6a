"""Runs a benchmark, or tunes a model, for a person: with progress bars and Ctrl-C."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING

from ..runs.eta import Pace
from ..views.progress import Progress
from .interrupt import ctrl_c_sets

if TYPE_CHECKING:
    from pathlib import Path

    from ..bench.spec import BenchSpec
    from ..bench.tune import Tuned
    from ..events import Event


def execute_bench(
    spec: BenchSpec, *, results: str | Path | None = None, host: bool = False
) -> Path:
    """Measure a benchmark and return its file; Ctrl-C is raised again as KeyboardInterrupt.

    host: write this machine's name into the file.
    """
    from ..bench import runner

    cancel = threading.Event()
    with ctrl_c_sets(cancel), _Bars() as bars:
        path = runner.run(
            spec,
            results=results,
            host=host,
            cancel=cancel,
            on_plan=lambda _total, todo: bars.begin(todo),
            on_event=bars.update,
        )
    if path is None:
        raise KeyboardInterrupt
    return path


def execute_tune(
    model: str,
    *,
    device: str = "auto",
    steps: int | None = None,
    quick: bool = False,
    results: str | Path | None = None,
) -> Tuned:
    """Tune a model, with a progress bar per stage; for the options see `dwlab.bench.tune.tune`.

    Ctrl-C is raised again as KeyboardInterrupt.
    """
    from ..bench.tune import tune

    cancel = threading.Event()
    with ctrl_c_sets(cancel), _Bars() as bars:
        tuned = tune(
            model,
            device=device,
            steps=steps,
            quick=quick,
            results=results,
            cancel=cancel,
            on_plan=bars.begin_stage,
            on_event=bars.update,
        )
    if tuned is None:
        raise KeyboardInterrupt
    return tuned


class _Bars(contextlib.ExitStack):
    """Progress bars of measurements, one after the other; the last one ends with the block."""

    _bar: Progress

    def begin(self, total: int) -> None:
        """Begin a bar of so many measurements."""
        self._bar = self.enter_context(Progress(Pace(total), unit="measurements"))

    def begin_stage(self, stage: str, total: int) -> None:
        """End the bar of the stage before, and begin another one under the name of this stage."""
        self.close()
        print(f"{stage}:", file=sys.stderr)
        self.begin(total)

    def update(self, event: Event) -> None:
        """Take in an event of the measurement under way."""
        self._bar.update(event)
