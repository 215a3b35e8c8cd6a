"""Run a benchmark: rounds of fresh processes in shuffled order, what is measured kept, so that the same command goes on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._util.atomic import write_atomic
from .._util.lock import locked
from ..errors import StoreError
from ..events import Done, Event, Failed, Started
from ..models import device
from ..models.arguments import check_arguments
from ..models.identity import complete, identify
from ..paths import results_folder
from ..runs.versions import versions
from ..spec import catalog
from . import parity, record, system
from .spec import Configuration
from .timing import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .spec import BenchSpec

REFERENCE_TIMEOUT = 4 * 3600  # seconds; a large model in float32 on a slow CPU
POLL = 0.2  # seconds between looks at Cancel


@dataclass
class Run:
    """A benchmark under way: its configurations, and a folder in which each process' result is kept."""

    spec: BenchSpec
    configurations: list[Configuration]
    folder: Path
    cancel: threading.Event = field(default_factory=threading.Event)

    def jobs(self) -> list[tuple[int, Configuration]]:
        """(round, configuration) in the order in which they run: each round shuffled anew, the same way every time."""
        found = []
        for number in range(self.spec.rounds):
            order = list(self.configurations)
            random.Random(number).shuffle(order)  # noqa: S311  # no secret
            found += [(number, one) for one in order]
        return found


def prepare(spec: BenchSpec, results: str | Path | None = None) -> tuple[Run, Path]:
    """Check a benchmark against this machine before anything is computed; returns the run and the results folder.

    Raises InvalidInput or ModelError for a device, model, scheduler or setting that there is not.
    """
    root = results_folder(results)
    found = spec.configurations(device.available())
    for one in found:
        device.resolve(one.device)
        identity = identify(one.params.model, one.device, one.params.dtype, download=False)
        check_arguments([complete(one.params, identity)], identity)
    say = {
        "spec": asdict(spec),
        "configurations": [one.id for one in found],
        "versions": versions(),
    }
    mark = hashlib.sha256(json.dumps(say, sort_keys=True, default=str).encode()).hexdigest()[:12]
    return Run(spec, found, root / "benchmarks" / "unfinished" / f"{spec.name}-{mark}"), root


def run(
    spec: BenchSpec,
    *,
    results: str | Path | None = None,
    host: bool = False,
    on_plan: Callable[[int, int], None] | None = None,
    on_event: Callable[[Event], None] | None = None,
    cancel: threading.Event | None = None,
) -> Path | None:
    """Measure what a benchmark says and write `benchmarks/<device>-<date>.json` below the results; None if cancelled.

    Without a device in it, a benchmark is of all devices of this machine. host: write this machine's name down too.
    on_plan: told (processes in all, those still to run). on_event: told started, done and failed of each process. What
    was measured before an interruption, by these versions, is not measured again. Raises InvalidInput or ModelError
    before anything is computed.
    """
    under_way, root = prepare(spec, results)
    under_way.cancel = cancel or under_way.cancel
    with _alone(under_way.folder):
        facts = system.facts(
            dict.fromkeys(one.device for one in under_way.configurations), host=host
        )
        if not _work(under_way, on_plan, on_event or (lambda _event: None)):
            return None
        document = {
            "schema": record.SCHEMA, "name": spec.name, "id": under_way.folder.name,
            "utc": datetime.now(UTC).isoformat(timespec="seconds"), "protocol": _protocol(spec), "system": facts,
            "rows": [_merge(one, _results(under_way, one)) for one in under_way.configurations],
        }  # fmt: skip
        path = record.save(_free(root / "benchmarks", _stem(facts)), document)
        shutil.rmtree(under_way.folder)
    return path


def rows(run_: Run, on_event: Callable[[Event], None] | None = None) -> list[dict[str, Any]] | None:
    """The rows of a run without a file, None if it was cancelled; what it kept is removed."""
    with _alone(run_.folder):
        if not _work(run_, None, on_event or (lambda _event: None)):
            return None
        found = [_merge(one, _results(run_, one)) for one in run_.configurations]
        shutil.rmtree(run_.folder)
    return found


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two at once would measure each other."""
    try:
        with locked(folder.parent / "lock"):
            yield
    except BlockingIOError:
        raise StoreError(
            f"another benchmark runs in {folder.parent.parent}; wait for it, its numbers need the machine"
        ) from None


def _work(
    run_: Run, on_plan: Callable[[int, int], None] | None, tell: Callable[[Event], None]
) -> bool:
    """Run all processes that have no result yet; False if it was cancelled."""
    jobs = run_.jobs()
    todo = [job for job in jobs if not _result(run_, *job).exists()]
    if on_plan:
        on_plan(len(jobs), len(todo))
    for index, (number, one) in enumerate(todo):
        tell(Started(index, one.params))
        found = _process(run_, number, one)
        if found is None:
            return False
        if found["status"] == "ok":
            tell(Done(index, one.params, found))
        else:
            tell(Failed(index, one.params, found.get("error") or found["status"]))
    return True


def _result(run_: Run, number: int, one: Configuration) -> Path:
    return run_.folder / f"{number}-{one.id}.result.json"


def _results(run_: Run, one: Configuration) -> list[dict[str, Any]]:
    return [json.loads(_result(run_, k, one).read_text("utf-8")) for k in range(run_.spec.rounds)]


def _process(run_: Run, number: int, one: Configuration) -> dict[str, Any] | None:
    """One round of one configuration, with its reference made before if need be; None if cancelled."""
    path = _result(run_, number, one)
    reference = None
    if (
        kind := parity.kind_for(
            run_.spec.parity, one, random=catalog.lookup(one.params.model).random
        )
    ) != "none":
        reference = _reference(run_, one, kind)
        if run_.cancel.is_set():
            return None
    spec = run_.spec
    job = {
        "kind": "measure", "warmup": spec.warmup, "iterations": spec.iterations, "seconds": spec.seconds,
        "first": number == 0, "reference": str(reference) if reference else None,
    }  # fmt: skip
    found = _start(run_, one, path, job, spec.timeout)
    if found is not None:
        write_atomic(path, json.dumps(found).encode())
    return found


def _reference(run_: Run, one: Configuration, kind: str) -> Path | None:
    """The CPU float32 run of the same cell, made once for all configurations that share it; None where it failed."""
    stock = Configuration(one.params.replace(dtype="float32"), "cpu", 1, type(one.settings)())
    path = run_.folder / f"reference-{stock.id}-{kind}.safetensors"
    said = path.with_suffix(".result.json")
    if not said.exists():  # a failed one would fail again
        job = {"kind": "reference", "parity": kind, "reference": str(path)}
        if (found := _start(run_, stock, said, job, REFERENCE_TIMEOUT)) is not None:
            write_atomic(said, json.dumps(found).encode())
    return path if path.exists() else None


def _start(
    run_: Run, one: Configuration, result: Path, job: dict[str, Any], timeout: float
) -> dict[str, Any] | None:
    """Run a worker to its end; its death and its delay are results too. None if cancelled."""
    path = result.parent / result.name.replace(".result.json", ".json")
    write_atomic(path, json.dumps({"configuration": one.as_dict(), **job}).encode())
    command = [sys.executable, "-m", "dwlab.bench.worker", str(path)]
    log = path.with_suffix(".log")
    with log.open("wb") as output:
        # a group of its own: Ctrl-C is for the runner, which ends the worker through its standard input
        worker = subprocess.Popen(  # noqa: S603  # dwlab itself
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
        )  # fmt: skip
        try:
            return _outcome(run_, worker, result, log, timeout)
        finally:
            worker.kill()
            worker.wait()
            if worker.stdin:
                worker.stdin.close()


def _outcome(
    run_: Run, worker: subprocess.Popen[bytes], result: Path, log: Path, timeout: float
) -> dict[str, Any] | None:
    deadline = time.monotonic() + timeout
    while worker.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(POLL)
        if run_.cancel.is_set():
            return None
        if time.monotonic() > deadline:
            return {"status": "timeout", "error": f"not done in {timeout:g} s"}
    if result.exists():
        return dict(json.loads(result.read_text("utf-8")))
    if worker.returncode == -9:
        return {
            "status": "oom",
            "error": "the system killed the process, as it does when memory runs out",
        }
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    said = system.without_paths(lines[-1]) if lines else "nothing"
    return {
        "status": "failed",
        "error": f"the process ended with {worker.returncode} and said: {said}",
    }


def _merge(one: Configuration, rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """One row from the rounds of a configuration; where any of them went wrong, what went wrong first."""
    bad = next((found for found in rounds if "phases" not in found), None)
    if bad is not None:
        params = one.params
        entry = catalog.lookup(params.model)
        workload = {
            "model": params.model if params.model in catalog.CATALOG or not entry.local else Path(entry.source).name,
            "width": params.width or 512, "height": params.height or 512, "steps": params.steps, "batch": one.batch,
        }  # fmt: skip
        dtype = device.resolve_dtype(params.dtype, one.device)
        return {
            "id": one.id, "utc": bad.get("utc", ""), "status": bad["status"], "error": bad.get("error"),
            "workload": workload, "device": one.device, "dtype": dtype, "settings": asdict(one.settings),
        }  # fmt: skip
    first = rounds[0]
    phases = {
        name: summary([found["phases"][name] for found in rounds]) for name in first["phases"]
    }
    seconds, batch = phases["end_to_end"]["median_s"], one.batch
    matmul = max(found["matmul_tflops"] for found in rounds)
    operations = first["tera_operations"]
    worst = next((found["status"] for found in rounds if found["status"] != "ok"), "ok")
    return {
        **first,
        "id": one.id,
        "status": worst if first["checks"]["ok"] or worst != "ok" else "suspect",
        "error": None,
        "phases": phases,
        "device_s": [s for found in rounds for s in found["device_s"]] or None,
        "images_per_s": batch / seconds,
        "steps_per_s": 1 / phases["step"]["median_s"],
        "tflops": operations and operations / seconds,
        "matmul_tflops": matmul,
        "matmul_share": operations and operations / seconds / matmul,
    }


def _protocol(spec: BenchSpec) -> dict[str, Any]:
    names = ("rounds", "warmup", "iterations", "seconds", "parity")
    return {name: getattr(spec, name) for name in names}


def _stem(facts: dict[str, Any]) -> str:
    """The most telling device's name and the day, as a file's name."""
    names = list(facts["devices"])
    chosen = next((name for name in names if name != "cpu"), "cpu")
    text = re.sub(r"[^a-z0-9]+", "-", str(facts["devices"][chosen]["name"]).lower()).strip("-")[:48]
    return f"{text or chosen}-{datetime.now(UTC).date().isoformat()}"


def _free(folder: Path, stem: str) -> Path:
    """A path that is not taken: a second run of a day does not replace the first."""
    path, k = folder / f"{stem}.json", 2
    while path.exists():
        path, k = folder / f"{stem}-{k}.json", k + 1
    return path


def with_settings(one: Configuration, **changes: Any) -> Configuration:
    """A configuration with some settings, its batch or its dtype changed."""
    batch = changes.pop("batch", one.batch)
    params = one.params.replace(dtype=changes.pop("dtype", one.params.dtype))
    return Configuration(params, one.device, batch, replace(one.settings, **changes))
