"""What a sweep costs: forwards, seconds, bytes."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

from ..models.identity import Identity, complete
from ..spec import catalog, schedulers
from ..spec.kinds import alike

if TYPE_CHECKING:
    from ..spec.params import GenerationParams
    from ..store.store import Store
    from .resolve import Identities


PNG_BYTES_A_PIXEL = 1.5  # before any picture of this model was stored: half of what raw RGB takes


def rows_of(steps: int, scheduler: str | None, guidance: float) -> int:
    """Denoiser rows that a picture costs: calls a step, twice with guidance."""
    return steps * schedulers.calls_per_step(scheduler) * (2 if guidance > 1 else 1)


def estimate(
    todo: list[GenerationParams], identities: Identities, store: Store | None
) -> tuple[float | None, float, str]:
    """Seconds, bytes and the basis: the median cost of a row and pixel in this store, else the catalog's guess."""
    seconds, size, measured, known = 0.0, 0.0, True, True
    rates: dict[tuple[str, str], tuple[tuple[float | None, float], bool]] = {}
    for one, count in alike(todo):
        pair = (one.model, one.dtype)
        identity = identities[pair]
        if pair not in rates:
            rates[pair] = rate_of(pair, identity, store)
        rate, timed = rates[pair]
        params = complete(one, identity)
        pixels = count * pixels_of(params)
        measured &= timed
        known &= rate[0] is not None
        seconds += (
            (rate[0] or 0) * rows_of(params.steps, params.scheduler, params.guidance) * pixels
        )
        size += rate[1] * pixels
    if not known:
        return None, size, "no picture of this model was timed on this device yet"
    return (
        seconds,
        size,
        "from pictures timed here"
        if measured
        else "a guess from two CPU cores; better after the first pictures",
    )


def rate_of(
    pair: tuple[str, str], identity: Identity, store: Store | None
) -> tuple[tuple[float | None, float], bool]:
    """(seconds per row and pixel, bytes per pixel), and whether they were measured here."""
    measured = _rates(identity, store)
    return (measured, True) if measured else (_guess(pair[0], identity.device), False)


def _rates(identity: Identity, store: Store | None) -> tuple[float, float] | None:
    """(seconds a row and pixel, bytes a pixel) as medians over the latest pictures."""
    timings = store.timings(identity.weights, identity.dtype, identity.device) if store else []
    costs, sizes = [], []
    for text, seconds, size in timings:
        asked = json.loads(text)  # not validated: its model may have moved since
        pixels = asked["width"] * asked["height"]
        costs.append(
            seconds / (rows_of(asked["steps"], asked["scheduler"], asked["guidance"]) * pixels)
        )
        sizes.append(size / pixels)
    return (statistics.median(costs), statistics.median(sizes)) if costs else None


def _guess(model: str, device_name: str) -> tuple[float | None, float]:
    entry = catalog.lookup(model)
    if entry.row_seconds is None or device_name != "cpu" or not entry.width or not entry.height:
        return None, PNG_BYTES_A_PIXEL
    return entry.row_seconds / (entry.width * entry.height), PNG_BYTES_A_PIXEL


def pixels_of(params: GenerationParams) -> int:
    """The pixels of a picture; 512 by 512 while the size is not known."""
    return (params.width or 512) * (params.height or 512)
