"""Whether a model fits into the memory of this machine, in stock settings and before it loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import device, memory, memory_estimate, memory_fit
from .settings import STOCK

if TYPE_CHECKING:
    from pathlib import Path

    from .checkpoint import Checkpoint

PIXELS = 512 * 512  # of the picture that is reckoned with


def fit(folder: Path, checkpoint: Checkpoint | None) -> tuple[memory_fit.Fit, str] | None:
    """(whether a model fits, the device) for the device and dtype that `auto` stands for here.

    folder: of a pipeline, or with the configs of a checkpoint. None if the sizes of its weights are
    not known.
    """
    size = memory_estimate.size_of(folder, None, checkpoint)
    if size is None:
        return None
    chosen = device.resolve()
    demand = memory_fit.Demand(size, device.resolve_dtype("auto", chosen), PIXELS)
    room = memory_fit.Room(memory.free_bytes(chosen), host=memory.free_bytes("cpu"))
    return memory_fit.Fit(demand, STOCK, room), chosen
