"""One configuration in a process of its own: `python -m dwlab.bench.worker JOB.json` writes what it measured beside it.

The runner starts it, and ends it by closing its standard input.
"""

from __future__ import annotations

import functools
import json
import os
import statistics
import sys
import threading
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._util.atomic import write_atomic
from ..errors import InvalidInput
from ..models import device, loading, memory
from ..models.identity import complete, identify
from ..models.quiet import quiet_libraries
from ..spec import catalog
from .spec import Configuration
from .system import without_paths

if TYPE_CHECKING:
    from collections.abc import Callable

    from .timed_calls import Probe

PAIRS = 3  # of a fresh and a repeated call
REPEAT_TOLERANCE = 0.9  # a repeated sample may take no less than this share of a fresh one's time


def main() -> None:
    """Do the job in the file that the command line names."""
    path = Path(sys.argv[1])
    threading.Thread(target=_die_with_the_runner, daemon=True).start()
    quiet_libraries()
    job = json.loads(path.read_text("utf-8"))
    result = attempt(Configuration.of(job["configuration"]), job)
    write_atomic(path.with_suffix(".result.json"), json.dumps(result).encode())


def _die_with_the_runner() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def attempt(configuration: Configuration, job: dict[str, Any]) -> dict[str, Any]:
    """Measure a configuration, or say with a status why that failed. job: how, see `dwlab.bench.runner`."""
    began = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        found = (
            _reference(configuration, job)
            if job["kind"] == "reference"
            else _measure(configuration, job)
        )
    except Exception as error:  # noqa: BLE001  # whatever goes wrong is this row's result
        found = {
            "status": _status(error),
            "error": without_paths(f"{type(error).__name__}: {error}".splitlines()[0]),
        }
    return {"utc": began, **found}


def _status(error: Exception) -> str:
    if memory.is_out_of_memory(error):
        return "oom"
    lacking = isinstance(error, NotImplementedError | ImportError) or "No available kernel" in str(
        error
    )
    return (
        "unsupported"
        if lacking or isinstance(error, InvalidInput) or "compiler" in str(error).lower()
        else "failed"
    )


def _load(configuration: Configuration) -> loading.Model:
    params = configuration.params
    identity = identify(
        params.model,
        configuration.device,
        params.dtype,
        download=False,
        settings=configuration.settings,
    )
    return loading.load_identified(identity)


def _reference(configuration: Configuration, job: dict[str, Any]) -> dict[str, Any]:
    from . import parity, timed_calls

    one_step = job["parity"] != "picture"
    found = timed_calls.probe(_load(configuration), configuration, 0, one_step=one_step)
    parity.save_reference(Path(job["reference"]), found, job["parity"])
    return {"status": "ok"}


def _measure(configuration: Configuration, job: dict[str, Any]) -> dict[str, Any]:
    import diffusers  # noqa: F401  # its import is not what loading a model costs
    import transformers  # noqa: F401  # nor is this one

    from . import parity, timed_calls
    from .matmul import matmul_rate
    from .timing import measure

    began = time.perf_counter()
    model = _load(configuration)
    device.synchronize(configuration.device)
    loaded = time.perf_counter()
    first = timed_calls.call(model, configuration, 0)
    device.synchronize(configuration.device)
    ready = time.perf_counter()
    phases = {"load": [loaded - began], "first_call": [ready - loaded]}
    status = _looks(first, configuration)
    clocked = functools.partial(
        measure,
        clock=time.perf_counter,
        synchronise=functools.partial(device.synchronize, configuration.device),
        iterations=job["iterations"],
        seconds=job["seconds"],
    )
    kernels = device.KernelSeconds(configuration.device)
    phases["end_to_end"] = clocked(
        lambda k: kernels.around(lambda: timed_calls.call(model, configuration, k + 1)),
        warmup=job["warmup"],
    )
    probes = [
        timed_calls.probe(model, configuration, k) for k in range(min(3, 1 + job["iterations"]))
    ]

    def timed(k: int) -> float:
        return clocked(
            lambda _: timed_calls.call(model, configuration, k), warmup=0, iterations=1, seconds=0
        )[0]

    phases |= _inside(probes)
    row = {
        "status": status,
        **_identity(model, configuration, probes[0]),
        "phases": phases,
        "device_s": kernels.seconds[-len(phases["end_to_end"]) :],
        "checks": _checks(timed, first, timed_calls.call(model, configuration, 0))
        if job["first"]
        else None,
        "tera_operations": timed_calls.tera_operations(model, probes[0]),
        "matmul_tflops": matmul_rate(configuration.device, model.identity.dtype) / 1e12,
        "memory": memory.peak_memory(
            configuration.device, lambda: timed_calls.call(model, configuration, 0)
        )
        if job["first"]
        else None,
        "parity": None,
    }
    if job["reference"] and status == "ok":
        row["parity"] = parity.compare(Path(job["reference"]), probes[0], model.identity.dtype)
        if not row["parity"]["ok"]:
            row["status"] = "invalid"
    return row


def _looks(pictures: Any, configuration: Configuration) -> str:
    import numpy as np

    if not np.isfinite(pictures).all():
        return "nan"
    black = (
        not catalog.lookup(configuration.params.model).random and float(pictures[0].max()) < 1 / 255
    )
    return "black" if black else "ok"


def _inside(probes: list[Probe]) -> dict[str, list[float]]:
    """The phases of all probes but the first, which warmed up what waiting in between costs."""
    counted = probes[1:]
    return {
        "prompt": [one.prompt_s for one in counted],
        "step": [seconds for one in counted for seconds in one.steps_s],
        "decode": [one.decode_s for one in counted],
    }


def _identity(model: loading.Model, configuration: Configuration, found: Probe) -> dict[str, Any]:
    from . import timed_calls

    params, pipeline = complete(configuration.params, model.identity), model.pipeline
    parts = [part for part in pipeline.components.values() if hasattr(part, "parameters")]
    entry = catalog.lookup(params.model)
    name = (
        Path(entry.source).name
        if entry.local and params.model not in catalog.CATALOG
        else params.model
    )
    workload = {
        "model": name, "weights": model.identity.weights, "pipeline": type(pipeline).__name__,
        "parameters": sum(p.numel() for part in parts for p in part.parameters()), "prompt": params.prompt,
        "negative_prompt": params.negative_prompt, "width": params.width, "height": params.height,
        "steps": params.steps, "guidance": params.guidance, "scheduler": params.scheduler,
        "scheduler_config": _plain(loading.scheduler_for(model, params).config), "call": dict(params.call),
        "seed": params.seed, "batch": configuration.batch, "denoiser_calls": found.calls["denoiser"],
        "latents": timed_calls.latents_hash(configuration, found),
    }  # fmt: skip
    return {
        "workload": workload,
        "device": configuration.device,
        "dtype": model.identity.dtype,
        "settings": {**asdict(configuration.settings), **device.numerics(configuration.device)},
    }


def _plain(config: Any) -> dict[str, Any]:
    """A scheduler's configuration without what says where and by what it was saved."""
    return {
        k: json.loads(json.dumps(v, default=str))
        for k, v in sorted(config.items())
        if not k.startswith("_")
    }


def _checks(timed: Callable[[int], float], first: Any, again: Any) -> dict[str, Any]:
    """Whether repeated calls are suspiciously fast, and whether a call after the timing gives what the one before it gave.

    timed: seconds of the k-th call. Fresh and repeated calls take turns, and only if each pair says so are they suspect:
    one alone may have met another program.
    """
    import numpy as np

    ratios = [timed(0) / timed(k + 1) for k in range(PAIRS)]
    difference = float(np.abs(first - again).max())
    # half a step of 8 bits: some kernels of a GPU add up in another order each time
    ok = max(ratios) >= REPEAT_TOLERANCE and difference <= 0.5 / 255
    return {"repeat_ratio": statistics.median(ratios), "difference": difference, "ok": ok}


if __name__ == "__main__":
    main()
