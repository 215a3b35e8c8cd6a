"""Runs a benchmark or tunes a model, with progress bars and Ctrl-C."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING

from ..runs.eta import Pace
from ..views.progress import Progress
from .interrupt import ctrl_c_sets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..bench.spec import BenchSpec
    from ..bench.tune import Tuned
    from ..events import Event


def execute_bench(
    spec: BenchSpec, *, results: str | Path | None = None, host: bool = False
) -> Path:
    """Run a benchmark and return the path of its file.

    host: write this machine's name into the file. Raises KeyboardInterrupt after Ctrl-C.
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
    memory: Sequence[str] = (),
    only: Sequence[str] = (),
    results: str | Path | None = None,
) -> Tuned:
    """Tune a model, with a progress bar per stage; for the options see `dwlab.bench.tune.tune`.

    Raises KeyboardInterrupt after Ctrl-C.
    """
    from ..bench.tune import tune

    cancel = threading.Event()
    with ctrl_c_sets(cancel), _Bars() as bars:
        tuned = tune(
            model,
            device=device,
            steps=steps,
            quick=quick,
            memory=memory,
            only=only,
            results=results,
            cancel=cancel,
            on_plan=bars.begin_stage,
            on_event=bars.update,
        )
    if tuned is None:
        raise KeyboardInterrupt
    return tuned


class _Bars(contextlib.ExitStack):
    """Progress bars of measurements, one at a time; the last one ends with the `with` block."""

    _bar: Progress

    def begin(self, total: int) -> None:
        """Begin a bar for `total` measurements."""
        self._bar = self.enter_context(Progress(Pace(total), unit="measurements"))

    def begin_stage(self, stage: str, total: int) -> None:
        """End the bar of the stage before, print the name of this one, and begin its bar."""
        self.close()
        print(f"{stage}:", file=sys.stderr)
        self.begin(total)

    def update(self, event: Event) -> None:
        """Show an event of the measurement that is under way."""
        self._bar.update(event)
