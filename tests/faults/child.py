"""A process that imports once, then forks one child per case; the children die in the fault tests.

Reads cases as JSON lines on standard input and answers each with one line. A case has `work` (a name
in WORKS), `root`, `argument`, the files `acks`, `log` and `report`, `fault` (for io_faults.c) and
`kill_after` (seconds, or None) and `signal`, which ends it then; SIGINT waits for the root to exist first.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dwlab.errors import DwlabError
from dwlab.events import Done, Event, Started, Step
from dwlab.pictures.picture import Picture
from dwlab.runs import run
from dwlab.shapes.world import Scene, draw
from dwlab.spec.compute import Compute
from dwlab.spec.sweep import SweepSpec
from dwlab.store import store

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from PIL import Image

    from dwlab.render.resolved_cell import ResolvedCell
    from dwlab.spec.params import GenerationParams

Case = dict[str, Any]
LIFETIME = 300  # seconds until a child that hangs is ended
GROUP = 3  # pictures a call, which are committed together: several commits in a short sweep


def toy_model(folder: Path) -> Path:
    """A pipeline's folder without weights: it can be identified, but only a fake renderer can draw with it."""
    (folder / "scheduler").mkdir(parents=True)
    (folder / "scheduler" / "scheduler_config.json").write_text("{}")
    index = {"_class_name": "StableDiffusionPipeline", "scheduler": ["diffusers", "DDIMScheduler"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def small_sweep(model: str) -> SweepSpec:
    """Eight cells of the toy model."""
    base = {
        "prompt": "a {colour} circle",
        "steps": 2,
        "width": 32,
        "height": 32,
        "scheduler": "DDIMScheduler",
    }
    axes = {"colour": ["red", "blue"], "seed": {"range": [0, 4]}}
    return SweepSpec("small", model=model, base=base, axes=axes, metrics=["brightness"])


def real_sweep(_: str) -> SweepSpec:
    """Twelve cells of the embedded model."""
    base = {
        "prompt": "a large {colour} circle on a white background",
        "width": 64,
        "height": 64,
        "steps": 4,
    }
    return SweepSpec("real", base=base, axes={"colour": ["red", "blue"], "seed": {"range": [0, 6]}})


def figure(params: GenerationParams) -> Image.Image:
    """The same picture for the same parameters, without a model."""
    digest = hashlib.sha256(params.canonical().encode()).digest()
    colour = next(c for c in ("red", "blue") if c in params.prompt)
    scene = Scene("large", colour, "circle", "center", "white")
    return draw(scene, np.random.default_rng(list(digest)), params.width or 32)


def fake_render(cells: Sequence[ResolvedCell], **_: object) -> Generator[Event, None, None]:
    """Like the renderer, `GROUP` pictures per call: started, step and done, a few milliseconds each."""
    for start in range(0, len(cells), GROUP):
        group = cells[start : start + GROUP]
        for cell in group:
            yield Started(cell.position, cell.params)
        for cell in group:
            time.sleep(0.003)
            yield Step(cell.position, cell.params, step=1, steps=1)
        for cell in group:
            picture = Picture(
                params=cell.params,
                image=figure(cell.params),
                key=cell.key,
                weights=cell.identity.weights,
                device=cell.identity.device,
                dtype=cell.identity.dtype,
                seconds=0.003,
                device_seconds=0.003,
            )
            yield Done(cell.position, cell.params, picture)


def sweep(case: Case, acknowledge: Callable[[str], None]) -> dict[str, Any]:
    """The small sweep with the fake renderer; every committed cell is acknowledged by its key."""
    return _sweep(case, acknowledge, small_sweep(case["argument"]), render=fake_render)


def crowd(case: Case, acknowledge: Callable[[str], None]) -> dict[str, Any]:
    """One of several sweeps that share cells: `argument` is the toy model's folder and the sweep's number."""
    model, number = case["argument"]
    spec = small_sweep(model).override(
        {"name": f"crowd-{number}", "seed": {"range": [2 * number, 2 * number + 8]}}
    )
    return _sweep(case, acknowledge, spec, render=fake_render)


def real(case: Case, acknowledge: Callable[[str], None]) -> dict[str, Any]:
    """A sweep that the embedded model draws, one picture a call."""
    return _sweep(case, acknowledge, real_sweep(case["argument"]), compute=Compute(pack=1))


def _sweep(
    case: Case, acknowledge: Callable[[str], None], spec: SweepSpec, **options: Any
) -> dict[str, Any]:
    def on_event(event: Event) -> None:
        if isinstance(event, Done):
            acknowledge(event.result.key)  # type: ignore[attr-defined]

    outcome = run.run(spec, results=case["root"], on_event=on_event, **options)
    return {"made": outcome.made, "reused": outcome.reused, "failed": outcome.failed}


def naive(case: Case, acknowledge: Callable[[str], None]) -> dict[str, Any]:
    """The control: pictures and a file of rows written in place, and a picture that exists is not made again."""
    root = Path(case["root"])
    root.mkdir(exist_ok=True)
    rows_file = root / "rows.json"
    try:
        rows = json.loads(rows_file.read_text()) if rows_file.exists() else []
    except ValueError:
        rows = []
    for cell in small_sweep(case["argument"]).cells():
        key = hashlib.sha256(cell.params.canonical().encode()).hexdigest()
        path = root / f"{key}.png"
        if path.exists():
            continue
        figure(cell.params).save(path)
        rows.append(key)
        rows_file.write_text(json.dumps(rows))
        acknowledge(key)
        time.sleep(0.003)
    return {}


def reopen(case: Case, _: Callable[[str], None]) -> dict[str, Any]:
    """Only open the store, which repairs it if necessary."""
    with store.Store(Path(case["root"])) as opened:
        return {"notes": opened.notes}


def command(case: Case, _: Callable[[str], None]) -> dict[str, Any]:
    """The command line: `argument` holds its words."""
    from dwlab.cli import app

    sys.argv = ["dwlab", *case["argument"]]
    try:
        app.main()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return {}


WORKS = {work.__name__: work for work in (sweep, crowd, real, naive, reopen, command)}


def work_on(case: Case) -> int:
    """In the child: do the case; returns the exit status."""
    signal.alarm(LIFETIME)
    acks = os.open(case["acks"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    report: dict[str, Any] = {}
    status = 0
    started = time.perf_counter()
    try:
        report = WORKS[case["work"]](case, lambda key: os.write(acks, f"{key}\n".encode()) and None)
    except SystemExit as done:
        status = int(done.code or 0)
    except DwlabError as error:
        status, report = 1, {"error": f"{type(error).__name__}: {error}"}
    except BaseException as error:  # noqa: BLE001  # tests see it in the report
        status, report = 70, {"error": f"{type(error).__name__}: {error}"}
    report["seconds"] = time.perf_counter() - started
    sys.stdout.flush()
    Path(case["report"]).write_text(json.dumps(report))
    return status


def obey_permissions() -> None:
    """Give up what lets root write to read-only folders (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, powers = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if libc.capget(header, powers) == 0:
        powers[0] &= ~0b110
        libc.capset(header, powers)


def fork(case: Case) -> int:
    """Run one case in a child; returns its exit status, or minus the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        status = 71
        try:
            # before the first file call, at which io_faults.c reads them
            os.environ |= {
                "DWLAB_FAULT": case["fault"],
                "DWLAB_FAULT_LOG": case["log"],
                "DWLAB_FAULT_ROOT": case["root"],
            }
            for number, name in ((1, "stdout"), (2, "stderr")):
                os.dup2(
                    os.open(f"{case['report']}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
                    number,
                )
            obey_permissions()
            status = work_on(case)
        finally:
            os._exit(status)
    if case["kill_after"] is not None:
        while case["signal"] == signal.SIGINT and not Path(case["root"]).exists():
            time.sleep(0.001)  # Ctrl-C before the command has begun is Python's business
        time.sleep(case["kill_after"])
        os.kill(pid, case["signal"])
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Import what the works need, then serve cases until standard input ends."""
    import diffusers
    import torch

    from dwlab.workflows import artifacts, sweep  # noqa: F401

    diffusers.DDPMPipeline, diffusers.DDIMScheduler, diffusers.StableDiffusionPipeline  # noqa: B018
    torch.set_num_threads(
        1
    )  # pictures of 64 pixels gain nothing from more, and lose much on a busy machine
    # commits by the clock would make the number of file calls depend on how busy the machine is
    store.GROUP_SECONDS = 3600.0
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(fork(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
