"""Benchmarks with a progress bar, for the command line."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Any

from ..runs.eta import Pace
from ..views.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from ..bench.spec import BenchSpec
    from ..bench.tune import Tuned
    from ..events import Event

from .interrupt import ctrl_c_sets


def execute_bench(
    spec: BenchSpec, *, results: str | Path | None = None, host: bool = False
) -> Path:
    """Measure what a benchmark says, with a progress bar; returns its file. Ctrl-C is raised on as KeyboardInterrupt."""
    from ..bench import runner

    cancel = threading.Event()
    with contextlib.ExitStack() as stack:
        stack.enter_context(ctrl_c_sets(cancel))
        listen = _Bar(stack)
        path = runner.run(
            spec, results=results, host=host, cancel=cancel,
            on_plan=lambda _total, todo: listen.begin(todo), on_event=listen,
        )  # fmt: skip
    if path is None:
        raise KeyboardInterrupt
    return path


def execute_tune(model: str, **options: Any) -> Tuned:
    """Tune a model with a progress bar for each stage; options as of `dwlab.bench.tune.tune`. Ctrl-C is raised on."""
    from ..bench.tune import tune

    cancel = threading.Event()
    with ctrl_c_sets(cancel), contextlib.ExitStack() as stack:
        listen = _Bar(stack)

        def begin(stage: str, total: int) -> None:
            stack.close()  # the bar of the stage before
            print(f"{stage}:", file=sys.stderr)
            listen.begin(total)

        found = tune(model, cancel=cancel, on_plan=begin, on_event=listen, **options)
    if found is None:
        raise KeyboardInterrupt
    return found


class _Bar:
    """A progress bar that begins once it is known how much there is to measure, and ends with `stack`."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack

    def begin(self, total: int) -> None:
        self._bar = self._stack.enter_context(Progress(Pace(total), unit="measurements"))

    def __call__(self, event: Event) -> None:
        self._bar.update(event)
