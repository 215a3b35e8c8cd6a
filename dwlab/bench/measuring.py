"""Measure one configuration in this process: its speed, memory and parity, with self-checks."""

from __future__ import annotations

import functools
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..models import device, loading, memory
from ..models.device_clock import KernelSeconds
from ..models.identity import identify
from ..spec import catalog
from . import parity, timed_calls
from .matmul import matmul_rate
from .measuring_limits import DIFFERENCE_TOLERANCE, REPEAT_TOLERANCE
from .operations import tera_operations
from .probe import probe
from .timing import measure
from .workload import workload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..models.loading import Model
    from .configuration import Configuration
    from .files import Document
    from .probe import Probe
    from .tasks import MeasureTask, ReferenceTask

# Pairs of a fresh and a repeated call, which are compared to see whether something remembers.
PAIRS = 3
PROBES = 3


def make_reference(configuration: Configuration, task: ReferenceTask) -> Document:
    """Compute a configuration and keep what parity compares with."""
    one_step = task.parity != "picture"
    seen = probe(_load(configuration), configuration, 0, one_step=one_step)
    parity.save_reference(Path(task.reference), seen, task.parity)
    return {"status": "ok"}


def measure_configuration(configuration: Configuration, task: MeasureTask) -> Document:
    """Measure one round of a configuration; returns its part of a row.

    The first call and the `warmup` calls after it are not part of the end-to-end samples.
    """
    start = _start(configuration)
    kernels = KernelSeconds(configuration.device)
    end_to_end = _end_to_end(start.model, configuration, task, kernels)
    probes = [probe(start.model, configuration, k) for k in range(min(PROBES, 1 + task.iterations))]
    row = {
        "status": picture_status(start.pictures, configuration),
        "workload": workload(start.model, configuration, probes[0]),
        "device": configuration.device,
        "dtype": start.model.identity.dtype,
        "settings": _settings(configuration),
        "phases": {
            "load": [start.load_s],
            "first_call": [start.first_call_s],
            "end_to_end": end_to_end,
            **_phases(probes),
        },
        "device_s": kernels.seconds[-len(end_to_end) :],
        "checks": _checks(start, configuration) if task.first else None,
        "tera_operations": tera_operations(start.model, probes[0]),
        "matmul_tflops": matmul_rate(configuration.device, start.model.identity.dtype) / 1e12,
        "memory": _memory(start.model, configuration) if task.first else None,
        "parity": None,
    }
    if task.reference and row["status"] == "ok":
        distances = parity.compare(Path(task.reference), probes[0], start.model.identity.dtype)
        row["parity"] = distances
        if not distances["ok"]:
            row["status"] = "invalid"
    return row


def _load(configuration: Configuration) -> Model:
    params = configuration.params
    identity = identify(
        params.model,
        configuration.device,
        params.dtype,
        download=False,
        settings=configuration.settings,
    )
    return loading.load_identified(identity)


@dataclass(frozen=True)
class _Start:
    """A loaded model, the pictures of its first call, and how long both took."""

    model: Model
    pictures: np.ndarray
    load_s: float
    first_call_s: float


def _start(configuration: Configuration) -> _Start:
    # importing these is not what loading a model costs
    import diffusers  # noqa: F401
    import transformers  # noqa: F401

    began = time.perf_counter()
    model = _load(configuration)
    device.synchronize(configuration.device)
    loaded = time.perf_counter()
    pictures = timed_calls.call(model, configuration, 0)
    device.synchronize(configuration.device)
    ready = time.perf_counter()
    return _Start(model, pictures, load_s=loaded - began, first_call_s=ready - loaded)


def _end_to_end(
    model: Model,
    configuration: Configuration,
    task: MeasureTask,
    kernels: KernelSeconds,
) -> list[float]:
    """Seconds of whole calls that nothing looks into."""

    def work(k: int) -> None:
        # the first call made the pictures of k = 0
        kernels.around(lambda: timed_calls.call(model, configuration, k + 1))

    return measure(
        work,
        clock=time.perf_counter,
        synchronise=functools.partial(device.synchronize, configuration.device),
        warmup=task.warmup,
        iterations=task.iterations,
        seconds=task.seconds,
    )


def _seconds_of_call(model: Model, configuration: Configuration, k: int) -> float:
    samples = measure(
        lambda _: timed_calls.call(model, configuration, k),
        clock=time.perf_counter,
        synchronise=functools.partial(device.synchronize, configuration.device),
        warmup=0,
        iterations=1,
        seconds=0,
    )
    return samples[0]


def picture_status(pictures: np.ndarray, configuration: Configuration) -> str:
    """nan, black or ok. Random weights may well draw a black picture."""
    if not np.isfinite(pictures).all():
        return "nan"
    if catalog.lookup(configuration.params.model).random:
        return "ok"
    return "black" if float(pictures[0].max()) < 1 / 255 else "ok"


def _phases(probes: Sequence[Probe]) -> dict[str, list[float]]:
    """The phases of all probes but the first, which warmed up what waiting in between costs."""
    counted = probes[1:]
    steps: list[float] = []
    for seen in counted:
        steps += seen.steps_s
    return {
        "prompt": [seen.prompt_s for seen in counted],
        "step": steps,
        "decode": [seen.decode_s for seen in counted],
    }


def _settings(configuration: Configuration) -> Document:
    return {**asdict(configuration.settings), **device.numerics(configuration.device)}


def _memory(model: Model, configuration: Configuration) -> dict[str, float]:
    return memory.peak_memory(
        configuration.device, lambda: timed_calls.call(model, configuration, 0)
    )


def _checks(start: _Start, configuration: Configuration) -> Document:
    again = timed_calls.call(start.model, configuration, 0)
    timed = functools.partial(_seconds_of_call, start.model, configuration)
    return self_checks(timed, start.pictures, again)


def self_checks(timed: Callable[[int], float], first: np.ndarray, again: np.ndarray) -> Document:
    """Whether repeated calls are suspiciously fast, and whether the first pictures come again.

    timed: returns the seconds of the k-th call. Fresh and repeated calls take turns, and they are
    suspect only if each pair says so: a single pair may have met another program.
    """
    ratios = [timed(0) / timed(k + 1) for k in range(PAIRS)]
    difference = float(np.abs(first - again).max())
    return {
        "repeat_ratio": statistics.median(ratios),
        "difference": difference,
        "ok": max(ratios) >= REPEAT_TOLERANCE and difference <= DIFFERENCE_TOLERANCE,
    }
