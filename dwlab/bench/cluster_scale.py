"""How a sweep scales over devices: a simulation of 1 to 512 that places cells as real runs do.

`cluster.placing` decides, as in the driver; only workers and time are simulated. What pictures cost
is taken from the rows of a finished sweep: each simulated cell has the rows of the denoiser of a
real one, and takes as many times the usual seconds per row as that one did.
`python -m dwlab.bench.cluster_scale RESULTS EXPERIMENT` prints the figures as JSON.
"""

from __future__ import annotations

import heapq
import json
import random
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..cluster.chunks import Load
from ..cluster.placing import Placing
from ..spec.rows import denoiser_rows
from ..store.store import Store
from ..views.charts import Chart, canvas, legend_beside

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..cluster.chunks import Chunk

DEVICES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
CELLS = 10_000
# assumed of the simulated devices: of a picture of the usual cost, and of the model, once per device
PICTURE_SECONDS = 3.0
LOAD_SECONDS = 15.0
# between a chunk's end and the next one's begin, for the way to the driver and back
LATENCY = 0.02
LOOK_SECONDS = 0.5  # between two looks of an idle worker
# how fast the devices are, by turns
MIXES = {"equal devices": (1.0,), "every second one half as fast": (1.0, 0.5)}
GROUP = ("model", "adapters", "size")


@dataclass(frozen=True)
class Cost:
    """What a real picture cost: rows of the denoiser, and seconds."""

    rows: int
    seconds: float


@dataclass(frozen=True)
class Scale:
    """How a simulated sweep went.

    efficiency: the seconds of pictures that the devices could have spent, at their speeds, until the
    sweep was over, and did; loading of models and waiting do not count.
    """

    mix: str
    devices: int
    hours: float
    efficiency: float
    chunks: int


def costs_of(results: Path, experiment: str) -> list[Cost]:
    """What the finished pictures of an experiment cost."""
    with Store(results) as store:
        rows = store.cells.rows(experiment)
    costs = []
    for row in rows:
        if row["status"] == "ok":
            params = json.loads(row["params"])
            calls = denoiser_rows(
                params["steps"],
                params.get("strength"),
                params["scheduler"],
                params["guidance"],
                params.get("accelerate", {}),
            )
            costs.append(Cost(calls, row["device_seconds"]))
    return costs


def scales(
    costs: Sequence[Cost], cells: int = CELLS, devices: Sequence[int] = DEVICES
) -> list[Scale]:
    """Simulate a sweep of cells that cost like these on all numbers of devices."""
    chance = random.Random(0)  # noqa: S311  # no secret
    usual_rows = statistics.fmean(cost.rows for cost in costs)
    usual_rate = sum(cost.seconds for cost in costs) / sum(cost.rows for cost in costs)
    drawn = chance.choices(costs, k=cells)
    loads = [Load(position, GROUP, float(cost.rows)) for position, cost in enumerate(drawn)]
    unit = PICTURE_SECONDS / usual_rows / usual_rate
    seconds = {position: cost.seconds * unit for position, cost in enumerate(drawn)}
    return [simulate(loads, seconds, mix, count) for mix in MIXES for count in devices]


def simulate(loads: Sequence[Load], seconds: Mapping[int, float], mix: str, count: int) -> Scale:
    """Run cells on devices. seconds: of each cell on a device of speed 1."""
    speeds = {str(number): MIXES[mix][number % len(MIXES[mix])] for number in range(count)}
    placing = Placing(loads)
    # when a worker is to be asked next, and the chunk that it ends then
    events: list[tuple[float, int, str, Chunk | None, float]] = []
    for number, worker in enumerate(speeds):
        placing.join(worker)
        events.append((0.0, number, worker, None, 0.0))
    loaded: set[str] = set()
    chunks = 0
    now = 0.0
    while not placing.is_over:
        now, _, worker, ended, load_seconds = heapq.heappop(events)
        if ended is not None:
            for position in ended.positions:
                placing.deliver(ended.number, position)
            placing.finish(ended.number, now, load_seconds)
        chunk = placing.next_chunk(worker, now)
        if chunk is not None:
            chunks += 1
            load_seconds = 0.0 if worker in loaded else LOAD_SECONDS
            loaded.add(worker)
            spent = sum(seconds[position] for position in chunk.positions) / speeds[worker]
            end = now + LATENCY + load_seconds + spent
            heapq.heappush(events, (end, len(speeds) + chunks, worker, chunk, load_seconds))
        elif ended is not None or not placing.count(worker):
            heapq.heappush(events, (now + LOOK_SECONDS, int(worker), worker, None, 0.0))
    could = now * sum(speeds.values())
    return Scale(
        mix=mix,
        devices=count,
        hours=round(now / 3600, 3),
        efficiency=round(sum(seconds.values()) / could, 4),
        chunks=chunks,
    )


def scale_chart(rows: Sequence[Scale], *, dark: bool = False) -> Chart:
    """The efficiency over the number of devices."""
    figure, plot, ink = canvas(dark)
    for number, mix in enumerate(MIXES):
        points = [row for row in rows if row.mix == mix]
        plot.plot(
            [row.devices for row in points],
            [100 * row.efficiency for row in points],
            color=ink.colours[number],
            marker="os"[number],
            label=mix,
        )
    plot.axhline(95, color=ink.muted, linewidth=1, linestyle="--")
    plot.set_xscale("log", base=2)
    plot.set_xticks(DEVICES, [str(count) for count in DEVICES])
    plot.set_ylim(0, 102)
    plot.set_xlabel("devices")
    plot.set_ylabel("% of their time spent on pictures (dashed: 95)")
    legend_beside(plot, "devices", ink)
    return figure


def main(results: str, experiment: str) -> None:
    """Print what the simulation came to, with what it took for granted."""
    costs = costs_of(Path(results), experiment)
    document = {
        "experiment": experiment,
        "costs_from_rows": len(costs),
        "cells": CELLS,
        "picture_seconds": PICTURE_SECONDS,
        "load_seconds": LOAD_SECONDS,
        "latency": LATENCY,
        "rows": [asdict(row) for row in scales(costs)],
    }
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:3])
