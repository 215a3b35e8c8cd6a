"""What tuning tries, one stage after the other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from ..models.openvino import library
from ..models.openvino.support import DTYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .configuration import Configuration

BATCHES = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class TuningStage:
    """candidates: returns what to measure beside the best configuration so far."""

    name: str
    candidates: Callable[[Configuration], list[Configuration]]


def stages(device: str, *, quick: bool, only: Sequence[str] = ()) -> list[TuningStage]:
    """The stages for a device. OpenVINO is tried where it is installed.

    quick: without torch.compile, which takes minutes. only: the names of those to try, if not all.
    Raises InvalidInput for others.
    """
    chosen = [
        TuningStage("dtype and memory layout", _dtypes_and_layouts),
        TuningStage("attention", _attention_kernels),
    ]
    if device == "cpu":
        chosen.append(TuningStage("threads", _thread_counts))
    chosen.append(TuningStage("batch", _batches))
    if not quick:
        chosen.append(TuningStage("compile", _compile_modes))
    if device == "cpu" and library.is_installed():
        chosen.append(TuningStage("backend", _backends))
        chosen.append(TuningStage("batch of the backend", _batches_of_openvino))
    names = [stage.name for stage in chosen]
    for name in only:
        if name not in names:
            raise InvalidInput("stages", name, f"some of {', '.join(names)}")
    return [stage for stage in chosen if not only or stage.name in only]


def _is_cuda(configuration: Configuration) -> bool:
    return configuration.device.startswith("cuda")


def _dtypes_and_layouts(best: Configuration) -> list[Configuration]:
    dtypes = ["float32", "bfloat16"]
    if best.device != "cpu":
        dtypes.append("float16")
    candidates = []
    for dtype in dtypes:
        candidates.append(best.with_dtype(dtype).with_settings(channels_last=False))
        candidates.append(best.with_dtype(dtype).with_settings(channels_last=True))
    return candidates


def _attention_kernels(best: Configuration) -> list[Configuration]:
    kernels = ["math", "flash"]
    if _is_cuda(best):
        kernels += ["efficient", "cudnn"]
    return [best.with_settings(attention=kernel) for kernel in kernels]


def _thread_counts(best: Configuration) -> list[Configuration]:
    cores = os.cpu_count() or 1
    counts = {1, (cores + 1) // 2, cores}
    return [best.with_settings(threads=count) for count in sorted(counts)]


def _batches(best: Configuration) -> list[Configuration]:
    return [best.with_batch(batch) for batch in BATCHES]


def _backends(best: Configuration) -> list[Configuration]:
    """OpenVINO, which has a memory layout and kernels of its own."""
    whole = best.with_settings(
        backend="openvino", attention="auto", channels_last=False, compile="none"
    )
    return [whole.with_dtype(dtype) for dtype in DTYPES]


def _batches_of_openvino(best: Configuration) -> list[Configuration]:
    """Its forwards gain from other numbers of rows than those of torch."""
    return _batches(best) if best.settings.backend == "openvino" else []


def _compile_modes(best: Configuration) -> list[Configuration]:
    modes = ["default"]
    if _is_cuda(best):
        modes.append("reduce-overhead")
    return [best.with_settings(compile=mode) for mode in modes]
