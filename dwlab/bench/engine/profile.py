"""Where the time of an engine goes, by kinds of operator."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..._util.text_table import text_table
from ...errors import InvalidInput
from ..matmul import matmul_rate
from .engines import ENGINES, load
from .grids import GRIDS, evenly
from .speed import apart, run_once

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch.autograd.profiler_util import FunctionEventAvg

    from .engines import Engine
    from .grids import Cells

# Kinds by parts of an operator's name; the first that fits counts.
KINDS = {
    "convolution": ("conv",),
    "attention": ("scaled_dot_product", "_attention", "softmax"),
    "matrix product": ("addmm", "bmm", "::mm", "matmul", "linear"),
    "norm": ("norm",),
    "activation": ("silu", "gelu", "sigmoid", "relu", "tanh"),
    "compiled": ("graph_", "fused", "Torch-Compiled", "CompiledFunction"),
    "copy": ("copy", "cat", "clone", "contiguous", "stack", "upsample", "_to_"),
}
OTHER = "element by element"
NOTHING = "no operator"
HEAD = ("what", "seconds", "share", "calls", "microseconds a call", "of matmul")


@dataclass
class Share:
    """The time that one kind of operator took, in seconds; operations: floating-point, counted."""

    seconds: float = 0.0
    calls: int = 0
    operations: int = 0


@dataclass(frozen=True)
class Profile:
    """The time of one run by kinds of operator. matmul: the rate of a large matrix product."""

    shares: dict[str, Share]
    wall: float
    matmul: float

    def text(self) -> str:
        """A table for a terminal, the largest share first."""
        names = sorted(self.shares, key=lambda name: -self.shares[name].seconds)
        idle = Share(self.wall - sum(share.seconds for share in self.shares.values()))
        lines = [self._line(name, self.shares[name]) for name in names]
        lines.append(self._line(NOTHING, idle))
        return text_table(lines, HEAD, numbers=range(1, len(HEAD)))

    def _line(self, name: str, share: Share) -> tuple[str, ...]:
        a_call = f"{1e6 * share.seconds / share.calls:.0f}" if share.calls else "-"
        rate = share.operations / share.seconds / self.matmul if share.operations else 0.0
        return (
            name,
            f"{share.seconds:.2f}",
            f"{share.seconds / self.wall:.1%}",
            str(share.calls or "-"),
            a_call,
            f"{rate:.0%}" if rate else "-",
        )


def profile(
    model: str, engine: str = "packed", *, device: str = "auto", grid: str, scale: float, limit: int
) -> Profile:
    """Draw a grid's cells once to warm up and once under torch's profiler.

    The profiler itself costs some percent, mostly where operators are small. Raises InvalidInput for
    an unknown engine or grid, ModelError if the model cannot be found.
    """
    by_torch = [name for name, kind in ENGINES.items() if kind.is_by_torch]
    if engine not in by_torch:
        # its profiler sees no others' operators
        raise InvalidInput("engine", engine, f"one that torch computes: {', '.join(by_torch)}")
    if grid not in GRIDS:
        raise InvalidInput("grid", grid, f"one of {', '.join(GRIDS)}")
    loaded = apart(load, engine, model, device)
    cells = evenly(GRIDS[grid].cells(loaded.model.identity, scale), limit)
    run_once(loaded, cells)
    events, wall = _recorded(loaded, cells)
    identity = loaded.model.identity
    on_device = identity.device != "cpu"
    return Profile(
        _by_kind(events, on_device=on_device),
        wall,
        apart(matmul_rate, identity.device, identity.dtype),
    )


def _recorded(engine: Engine, cells: Cells) -> tuple[list[FunctionEventAvg], float]:
    import torch
    from torch._C._profiler import _ExperimentalConfig

    activities = [torch.profiler.ProfilerActivity.CPU]
    if torch.cuda.is_available():
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    # engines draw in threads of their own
    config = _ExperimentalConfig(profile_all_threads=True)
    recording = torch.profiler.profile(
        activities=activities, with_flops=True, experimental_config=config
    )
    with recording:
        began = time.perf_counter()
        run_once(engine, cells)
        wall = time.perf_counter() - began
    return list(recording.key_averages()), wall


def _by_kind(events: Iterable[FunctionEventAvg], *, on_device: bool) -> dict[str, Share]:
    shares: dict[str, Share] = {}
    for event in events:
        own = event.self_device_time_total if on_device else event.self_cpu_time_total
        share = shares.setdefault(_kind(str(event.key)), Share())
        share.seconds += own / 1e6
        share.operations += event.flops or 0
        # an operator that only calls another one would be counted twice
        if own > 0.5 * (event.device_time_total if on_device else event.cpu_time_total):
            share.calls += event.count
    return {name: share for name, share in shares.items() if share.seconds}


def _kind(operator: str) -> str:
    for kind, parts in KINDS.items():
        if any(part in operator for part in parts):
            return kind
    return OTHER
