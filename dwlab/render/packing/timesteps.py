"""Schedulers that keep their timesteps on the CPU."""

from __future__ import annotations

import functools
import inspect
from typing import Any


def with_timesteps_on_cpu(scheduler: Any) -> Any:
    """A cell's own scheduler, which keeps its timesteps on the CPU wherever the pipeline computes.

    Many find their place in tables, or compare numbers, by the timestep of each step: on a GPU the
    host waits each time. A forward moves timesteps to its device, those of all its rows at once.
    """
    stock = scheduler.set_timesteps
    signature = inspect.signature(stock)

    # pipelines ask by the signature what a scheduler takes
    @functools.wraps(stock)
    def set_timesteps(*args: Any, **kwargs: Any) -> Any:
        call = signature.bind(*args, **kwargs)
        if "device" in call.arguments:
            call.arguments["device"] = "cpu"
        return stock(*call.args, **call.kwargs)

    scheduler.set_timesteps = set_timesteps
    return scheduler
