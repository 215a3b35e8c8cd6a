"""What the driver of a run on workers costs: a renderer that takes no time, on 64 simulated workers.

The workers are Dask's own, as threads of one process together with the scheduler and the driver; all
else is as in a real run: documents in JSON, answers with PNGs, every event taken.
`python -m dwlab.bench.cluster_driver [CELLS [WORKERS]]` prints the figures as JSON.
"""

from __future__ import annotations

import io
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ..cluster.connect import SETTINGS
from ..cluster.driver import render_on
from ..events import Done
from ..runs.resolve import identify_all, resolve
from ..spec.compute import Compute
from ..spec.params import GenerationParams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..cluster.wire import Answer

CELLS = 100_000
WORKERS = 64
MARKS = (0.1, 0.5, 1.0)  # of the run, at which memory is measured


@dataclass(frozen=True)
class DriverCost:
    """What a run of pictures that cost nothing took.

    processor_ms: milliseconds of processor time per cell, of the whole process. memory: resident
    bytes when a tenth, half and all of it was done.
    """

    cells: int
    workers: int
    seconds: float
    cells_per_second: float
    ms_per_cell: float
    processor_ms: float
    memory: tuple[int, ...]


def measure(cells: int = CELLS, workers: int = WORKERS) -> DriverCost:
    """Run so many cells on so many workers."""
    import dask
    import psutil
    from distributed import Client, LocalCluster

    compute = Compute()
    params = [GenerationParams(prompt="a red circle", seed=seed) for seed in range(cells)]
    resolved = resolve(params, identify_all(params, compute), None)
    process = psutil.Process()
    marks = {max(1, round(share * cells)) for share in MARKS}
    memory = []
    made = 0
    with (
        dask.config.set(SETTINGS),
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=workers, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        Client(cluster, set_as_default=False) as client,  # type: ignore[no-untyped-call]
    ):
        began = time.perf_counter()
        processor = time.process_time()
        for event in render_on(client, resolved, compute=compute, task=same_pictures):
            if isinstance(event, Done):
                made += 1
                if made in marks:
                    memory.append(process.memory_info().rss)
        seconds = time.perf_counter() - began
        processor = time.process_time() - processor
    if made != cells:
        raise RuntimeError(f"of {cells} cells {made} were made")
    return DriverCost(
        cells=cells,
        workers=workers,
        seconds=round(seconds, 2),
        cells_per_second=round(cells / seconds, 1),
        ms_per_cell=round(1e3 * seconds / cells, 4),
        processor_ms=round(1e3 * processor / cells, 4),
        memory=tuple(memory),
    )


def same_pictures(document: str, blobs: Mapping[str, bytes]) -> Answer:  # noqa: ARG001
    """The answer of a worker that makes the same small picture of each cell at once."""
    from PIL import Image

    values = json.loads(document)
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    entries: list[dict[str, object]] = []
    for cell in values["cells"]:
        picture = {
            "key": cell["key"],
            "weights": values["models"][cell["model"]]["weights"],
            "device": "cpu",
            "dtype": "float32",
            "seconds": 0.0,
            "device_seconds": 0.0,
            "png": 0,
            "traces": [],
        }
        entries += [
            {"kind": "started", "index": cell["position"]},
            {"kind": "done", "index": cell["position"], "picture": picture},
        ]
    return json.dumps(entries), [buffer.getvalue()]


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    print(json.dumps(asdict(measure(*numbers))))
