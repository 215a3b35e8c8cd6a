"""Does the store keep up with large sweeps?

A sweep whose renderer gives the same small picture for each cell at once, so that what is left is the cost of planning,
saving and resuming.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..events import Done, Event, Started
from ..models.identity import complete, identify
from ..pictures.picture import Picture
from ..runs.run import Sweep, run
from ..store.store import CellRow, Store, now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..spec.params import GenerationParams

LIMIT = 10**7


@dataclass(frozen=True)
class Figures:
    """What a sweep cost.

    plan, resume: seconds to plan the empty and to run the finished sweep. row: milliseconds a row in the whole run;
    store: in adding and committing rows alone. memory: resident bytes when a tenth, half and all was done.
    """

    cells: int
    plan: float
    run: float
    row: float
    store: float
    resume: float
    memory: tuple[int, ...]

    def text(self) -> str:
        """The figures for a terminal."""
        megabytes = ", ".join(f"{size / 1e6:.0f}" for size in self.memory)
        return (
            f"{self.cells:,} cells: planned in {self.plan:.2f} s, run in {self.run:.1f} s ({self.row:.2f} ms a row; the "
            f"store alone {self.store:.2f} ms), found finished in {self.resume:.2f} s; {megabytes} MB at 10, 50 and 100%"
        )


def measure(cells: int) -> Figures:
    """Plan, run and run again a sweep of so many cells, in a folder of its own."""
    import psutil

    process, memory = psutil.Process(), []
    marks = {max(1, cells // 10), cells // 2, cells}
    done = 0

    def listen(event: Event) -> None:
        nonlocal done
        if not isinstance(event, Done):
            return
        done += 1
        if done in marks:
            memory.append(process.memory_info().rss)

    identify("shapes", "cpu")  # the first time imports torch and reads weights
    spec = Sweep(
        "store", base={"prompt": "a red circle"}, axes={"seed": {"range": [0, cells]}}, metrics=()
    )
    with tempfile.TemporaryDirectory() as folder:
        plan, _ = _timed(spec.plan, folder, limit=LIMIT)
        whole, _ = _timed(run, spec, results=folder, render=_fake, limit=LIMIT, on_event=listen)
        resume, again = _timed(run, spec, results=folder, render=_fake, limit=LIMIT)
        if again.made or again.reused != cells:
            raise RuntimeError(f"of {cells} cells {again.reused} were found again")
        with Store(Path(folder)) as store:
            alone, _ = _timed(_add, store, min(cells, 10_000))
    return Figures(
        cells,
        plan,
        whole,
        1e3 * whole / cells,
        1e3 * alone / min(cells, 10_000),
        resume,
        tuple(memory),
    )


def _timed(function: Any, *arguments: Any, **options: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    result = function(*arguments, **options)
    return time.perf_counter() - began, result


class _Same(Picture):
    """A picture of the same bytes for each cell: one file, so that no disk is filled."""

    def png(self) -> bytes:
        return self.image.tobytes()


def _fake(cells: list[GenerationParams], **_: Any) -> Iterator[Event]:
    from PIL import Image

    image, identity = Image.new("RGB", (8, 8)), identify("shapes", "cpu")
    for index, params in enumerate(cells):
        yield Started(index, params)
        picture = _Same(
            complete(params, identity), image, identity.weights, "cpu", identity.dtype, 0.0, 0.0
        )
        yield Done(index, params, picture)


def _add(store: Store, count: int) -> None:
    for number in range(count):
        store.add(
            CellRow(f"{number:064}", "{}", "w", "float32", "cpu", "failed", "none", created=now())
        )
        if store.due():
            store.flush()
    store.flush()
