"""Run a benchmark: all its configurations in shuffled rounds, each round in a fresh process."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import shutil
import threading
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from .._util.lock import locked
from ..errors import StoreError
from ..events import Done, Failed, Started
from ..models import device
from ..models.arguments import check_arguments
from ..models.identity import complete, identify
from ..models.settings import STOCK
from ..models.versions import versions
from ..paths import results_folder
from ..spec import catalog
from . import files, machine, parity
from .configuration import Configuration
from .processes import RESULT_SUFFIX, run_worker
from .rounds import merge
from .tasks import MeasureTask, ReferenceTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ..events import Event
    from .files import Document
    from .spec import BenchSpec

    OnEvent = Callable[[Event], None]
    OnPlan = Callable[[int, int], None]

# Seconds for a reference: a large model in float32 on a slow CPU.
REFERENCE_TIMEOUT = 4 * 3600


@dataclass(frozen=True)
class BenchRound:
    """One process: one configuration, measured once. number: from 0."""

    number: int
    configuration: Configuration


@dataclass
class BenchRun:
    """A benchmark under way: its configurations, and the folder in which results are kept."""

    spec: BenchSpec
    configurations: list[Configuration]
    folder: Path
    cancel: threading.Event = field(default_factory=threading.Event)

    def rounds(self) -> list[BenchRound]:
        """In the order in which they run: each round is shuffled anew, the same way every time."""
        rounds = []
        for number in range(self.spec.rounds):
            order = list(self.configurations)
            random.Random(number).shuffle(order)  # noqa: S311  # no secret
            rounds += [BenchRound(number, configuration) for configuration in order]
        return rounds

    def result_path(self, round_: BenchRound) -> Path:
        """Where the result of a round is kept."""
        return self.folder / f"{round_.number}-{round_.configuration.id}{RESULT_SUFFIX}"

    def row(self, configuration: Configuration) -> Document:
        """The row of a configuration, all of whose rounds are done."""
        paths = [
            self.result_path(BenchRound(number, configuration))
            for number in range(self.spec.rounds)
        ]
        return merge(configuration, [json.loads(path.read_text("utf-8")) for path in paths])


def prepare(spec: BenchSpec, results: str | Path | None = None) -> BenchRun:
    """Check a benchmark against this machine before anything is computed.

    Raises InvalidInput or ModelError for a device, model, scheduler or setting that does not exist
    here.
    """
    configurations = spec.configurations(device.available())
    for configuration in configurations:
        _check(configuration)
    question = {
        "spec": asdict(spec),
        "configurations": [configuration.id for configuration in configurations],
    }
    return BenchRun(spec, configurations, unfinished_folder(results, spec.name, question))


def _check(configuration: Configuration) -> None:
    params = configuration.params
    device.resolve(configuration.device)
    identity = identify(params.model, configuration.device, params.dtype, download=False)
    check_arguments([complete(params, identity)], identity)


def unfinished_folder(results: str | Path | None, name: str, question: Document) -> Path:
    """Where a benchmark keeps its results while it is under way.

    The same for the same question and versions, so that an interrupted one goes on.
    """
    text = json.dumps({**question, "versions": versions()}, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return results_folder(results) / "benchmarks" / "unfinished" / f"{name}-{digest}"


def run(
    spec: BenchSpec,
    *,
    results: str | Path | None = None,
    host: bool = False,
    on_plan: OnPlan | None = None,
    on_event: OnEvent | None = None,
    cancel: threading.Event | None = None,
) -> Path | None:
    """Run a benchmark and write `benchmarks/<device>-<date>.json` in the results folder.

    Returns the file, or None if cancelled. A benchmark that names no device measures all devices of
    this machine. host: also write this machine's name. on_plan: called with the number of processes
    and of those still to run. on_event: called with started, and done or failed, for each process.
    What the same versions measured before an interruption is not measured again. Raises
    InvalidInput or ModelError before anything is computed.
    """
    bench_run = prepare(spec, results)
    if cancel:
        bench_run.cancel = cancel
    with _alone(bench_run.folder):
        devices = [configuration.device for configuration in bench_run.configurations]
        facts = machine.facts(dict.fromkeys(devices), host=host)
        if not _measure_all(bench_run, on_plan, on_event):
            return None
        document = {
            "schema": files.SCHEMA,
            "name": spec.name,
            "id": bench_run.folder.name,
            "utc": datetime.now(UTC).isoformat(timespec="seconds"),
            "protocol": _protocol(spec),
            "system": facts,
            "rows": [bench_run.row(configuration) for configuration in bench_run.configurations],
        }
        benchmarks = bench_run.folder.parent.parent
        path = files.save(files.new_path(benchmarks, facts), document)
        shutil.rmtree(bench_run.folder)
    return path


def rows(
    bench_run: BenchRun, on_plan: OnPlan | None = None, on_event: OnEvent | None = None
) -> list[Document] | None:
    """The rows of a run without writing a file, None if it was cancelled; its folder stays."""
    with _alone(bench_run.folder):
        if not _measure_all(bench_run, on_plan, on_event):
            return None
        return [bench_run.row(configuration) for configuration in bench_run.configurations]


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Refuse a second benchmark: the two would measure each other."""
    try:
        with locked(folder.parent / "lock"):
            yield
    except BlockingIOError:
        raise StoreError(
            f"another benchmark is running in {folder.parent.parent}; "
            "wait for it, because its numbers need the whole machine"
        ) from None


def _measure_all(bench_run: BenchRun, on_plan: OnPlan | None, on_event: OnEvent | None) -> bool:
    """Run all processes that have no result yet; False if it was cancelled."""
    rounds = bench_run.rounds()
    todo = [round_ for round_ in rounds if not bench_run.result_path(round_).exists()]
    if on_plan:
        on_plan(len(rounds), len(todo))
    tell = on_event or (lambda _event: None)
    for index, round_ in enumerate(todo):
        params = round_.configuration.params
        tell(Started(index, params))
        measured = _measure_round(bench_run, round_)
        if measured is None:
            return False
        if measured["status"] == "ok":
            tell(Done(index, params, measured))
        else:
            tell(Failed(index, params, measured.get("error") or measured["status"]))
    return True


def _measure_round(bench_run: BenchRun, round_: BenchRound) -> Document | None:
    """Measure one round, after making its reference if that is missing; None if cancelled."""
    spec = bench_run.spec
    configuration = round_.configuration
    is_random = catalog.lookup(configuration.params.model).random
    kind = parity.kind_for(spec.parity, configuration, random=is_random)
    reference = None
    if kind != "none":
        reference = _reference(bench_run, configuration, kind)
        if bench_run.cancel.is_set():
            return None
    task = MeasureTask(
        warmup=spec.warmup,
        iterations=spec.iterations,
        seconds=spec.seconds,
        first=round_.number == 0,
        reference=str(reference) if reference else None,
    )
    path = bench_run.result_path(round_)
    measured = run_worker(configuration, task, path, timeout=spec.timeout, cancel=bench_run.cancel)
    if measured is not None:
        write_atomic(path, json.dumps(measured).encode())
    return measured


def _reference(bench_run: BenchRun, configuration: Configuration, kind: str) -> Path | None:
    """The CPU float32 run of the same cell, made once for all configurations that share it.

    None if it failed. A failed one is not tried again, because it would fail again.
    """
    params = configuration.params.replace(dtype="float32")
    stock = Configuration(params, "cpu", 1, STOCK)
    path = bench_run.folder / f"reference-{stock.id}-{kind}.safetensors"
    result = path.with_suffix(RESULT_SUFFIX)
    if not result.exists():
        task = ReferenceTask(parity=kind, reference=str(path))
        outcome = run_worker(
            stock, task, result, timeout=REFERENCE_TIMEOUT, cancel=bench_run.cancel
        )
        if outcome is not None:
            write_atomic(result, json.dumps(outcome).encode())
    return path if path.exists() else None


def _protocol(spec: BenchSpec) -> Document:
    return {
        "rounds": spec.rounds,
        "warmup": spec.warmup,
        "iterations": spec.iterations,
        "seconds": spec.seconds,
        "parity": spec.parity,
    }
