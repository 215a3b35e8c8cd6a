"""What a sweep costs: seconds and bytes."""

from __future__ import annotations

import functools
import json
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .._util.jsonfile import object_in
from ..models.device import machine
from ..spec import catalog
from ..spec.kinds import alike
from ..spec.rows import denoiser_rows, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..models.identity import Identity
    from ..render.resolved_cell import ResolvedCell
    from ..spec.model_choice import ModelChoice
    from ..store.store import Store


# before a picture of this model was stored: half of what raw RGB takes
PNG_BYTES_PER_PIXEL = 1.5


class Rate(NamedTuple):
    """What pictures of a model cost on its device, computed by this process alone.

    seconds: per row and pixel, None if nothing is known. bytes: per pixel. measured: whether
    pictures of this store say so, and not the catalog.
    """

    seconds: float | None
    bytes: float
    measured: bool


@dataclass(frozen=True)
class Estimate:
    """What some cells will cost. seconds: None if not known; basis: where the estimate is from."""

    seconds: float | None
    bytes: float
    basis: str


def estimate(cells: Sequence[ResolvedCell], store: Store | None) -> Estimate:
    """What some cells will cost: from pictures in this store, otherwise from the catalog."""
    rates = rates_of(cells, store)
    used = []
    seconds = size = 0.0
    for params, count in alike([cell.params for cell in cells]):
        rate = rates[params.choice]
        pixels = count * params.pixels
        seconds += (rate.seconds or 0) * rows_of(params) * pixels
        size += rate.bytes * pixels
        used.append(rate)
    if any(rate.seconds is None for rate in used):
        return Estimate(None, size, "no picture of this model was timed on this device yet")
    if all(rate.measured for rate in used):
        return Estimate(seconds, size, "from pictures timed here")
    return Estimate(seconds, size, "rough estimate; improves after the first pictures")


def rates_of(cells: Iterable[ResolvedCell], store: Store | None) -> dict[ModelChoice, Rate]:
    """The rate of each cell's model: measured if pictures of it are in the store, else guessed."""
    # by what complete recipes say: that has the hashes of parts from elsewhere
    identities = {cell.params.choice: cell.identity for cell in cells}
    return {
        choice: _measured(identity, store) or _guessed(choice.model, identity.device)
        for choice, identity in identities.items()
    }


def _measured(identity: Identity, store: Store | None) -> Rate | None:
    """The median of the latest pictures."""
    timings = (
        store.cells.timings(identity.weights, identity.dtype, identity.device) if store else []
    )
    if not timings:
        return None
    seconds_per_row = []
    bytes_per_pixel = []
    for timing in timings:
        # not validated, because its model may have moved since
        values = json.loads(timing.params)
        rows = denoiser_rows(
            values["steps"],
            values.get("strength"),
            values["scheduler"],
            values["guidance"],
            values.get("accelerate", {}),
        )
        pixels = values["width"] * values["height"]
        seconds = timing.device_seconds * _share_of_cores(identity.device, timing.versions)
        seconds_per_row.append(seconds / (rows * pixels))
        bytes_per_pixel.append(timing.bytes / pixels)
    return Rate(statistics.median(seconds_per_row), statistics.median(bytes_per_pixel), True)


@functools.lru_cache(maxsize=256)
def _share_of_cores(device: str, versions: str) -> float:
    """How many of this machine's threads made a picture: on a CPU, workers have a share each.

    versions: of its row, which has its threads too.
    """
    threads = object_in(versions).get("threads")
    if device != "cpu" or not isinstance(threads, int):
        return 1.0
    return threads / int(machine(device)["threads"])


def _guessed(model: str, device: str) -> Rate:
    entry = catalog.lookup(model)
    if entry.row_seconds is None or device != "cpu" or not entry.width or not entry.height:
        return Rate(None, PNG_BYTES_PER_PIXEL, False)
    return Rate(entry.row_seconds / (entry.width * entry.height), PNG_BYTES_PER_PIXEL, False)
