"""What a benchmark would do: how many processes, and how long. It measures nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.durations import rough_duration
from . import files, machine
from .file_rows import FileRow
from .runner import prepare

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .configuration import Configuration
    from .files import Document
    from .spec import BenchSpec

# Seconds to start Python and import torch and diffusers, on two cores.
PROCESS_SECONDS = 8.0
PROBED_CALLS = 4  # of each process, besides those that are timed
CHECKED_CALLS = 8  # of the first process of a configuration


@dataclass(frozen=True)
class BenchPlan:
    """A benchmark before it runs.

    processes: to start in all, and done: before an interruption. seconds: for the rest; is_known:
    whether a similar benchmark was measured on this machine, otherwise it is at least that long.
    """

    configurations: int
    rounds: int
    processes: int
    done: int
    seconds: float
    is_known: bool

    def time_text(self) -> str:
        """The time left, for people."""
        text = rough_duration(self.seconds)
        if self.is_known:
            return f"about {text} (from what this machine measured before)"
        return f"at least {text} (nothing like it was measured here yet)"


def make_plan(spec: BenchSpec, results: str | Path | None, measured: Iterable[Path]) -> BenchPlan:
    """Count the processes of a benchmark, and estimate their time.

    results: the results folder. measured: files of benchmarks; those of this machine tell the time.
    Raises InvalidInput or ModelError for a benchmark that could not run here.
    """
    bench_run = prepare(spec, results)
    rounds = bench_run.rounds()
    todo = [each for each in rounds if not bench_run.result_path(each).exists()]
    devices = dict.fromkeys(each.device for each in bench_run.configurations)
    times = _seconds_per_call(measured, machine.facts(devices, host=False))
    seconds = 0.0
    is_known = True
    for each in todo:
        call = times.get(_kind(each.configuration))
        is_known = is_known and call is not None
        seconds += PROCESS_SECONDS
        if call is not None:
            seconds += _calls(spec, call, is_first=each.number == 0) * call
    return BenchPlan(
        configurations=len(bench_run.configurations),
        rounds=spec.rounds,
        processes=len(rounds),
        done=len(rounds) - len(todo),
        seconds=seconds,
        is_known=is_known,
    )


def _calls(spec: BenchSpec, call: float, *, is_first: bool) -> float:
    """How many whole calls a process makes. call: seconds of one."""
    samples = max(spec.iterations, spec.seconds / call if call else 0.0)
    checks = CHECKED_CALLS if is_first else 0
    return 1 + spec.warmup + samples + PROBED_CALLS + checks


def _kind(configuration: Configuration) -> tuple[object, ...]:
    """What the time of a call depends on most."""
    params = configuration.params
    return (
        configuration.device,
        configuration.model_name,
        params.width,
        params.height,
        params.steps,
        configuration.batch,
    )


def _seconds_per_call(paths: Iterable[Path], here: Document) -> dict[tuple[object, ...], float]:
    """The slowest time of a call of each kind in files of this machine."""
    times: dict[tuple[object, ...], float] = {}
    for order, path in enumerate(paths):
        document = files.load(path)
        if files.kind(document) != files.RUN:
            continue
        for values in document["rows"]:
            row = FileRow.of(path.stem, order, document, values)
            if row.seconds is None or not _is_here(document, row, here):
                continue
            size = row.size
            kind = (row.device, size.model, size.width, size.height, size.steps, size.batch)
            times[kind] = max(times.get(kind, 0.0), row.seconds)
    return times


def _is_here(document: Document, row: FileRow, here: Document) -> bool:
    """Whether a row was measured on a device like the one here."""
    device = here["devices"].get(row.device, {})
    is_same_host = document["system"].get("cores") == here.get("cores")
    return is_same_host and device.get("name") == row.machine
