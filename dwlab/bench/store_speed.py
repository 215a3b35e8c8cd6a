"""Does the store keep up with large sweeps?

A sweep whose renderer returns the same small picture for each cell at once, so that what remains is
the cost of planning, saving and resuming.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..events import Done, Event, Started
from ..models.identity import identify
from ..pictures.picture import Picture
from ..runs.run import run
from ..runs.sweep import Sweep
from ..store.cells import CellRow
from ..store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from ..render.resolved_cell import ResolvedCell

LIMIT = 10**7
# Rows that are added to the store alone, at most.
STORE_ROWS = 10_000
T = TypeVar("T")


@dataclass(frozen=True)
class StoreSpeed:
    """What a sweep cost.

    plan, resume: seconds to plan the empty sweep, and to run the finished one. row: milliseconds
    per row of the whole run. store: milliseconds per row for adding and committing alone. memory:
    resident bytes when a tenth, half and all of it was done.
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
            f"{self.cells:,} cells: planned in {self.plan:.2f} s, run in {self.run:.1f} s "
            f"({self.row:.2f} ms per row; the store alone {self.store:.2f} ms), "
            f"found finished in {self.resume:.2f} s; {megabytes} MB at 10, 50 and 100%"
        )


def measure(cells: int) -> StoreSpeed:
    """Plan a sweep of so many cells, run it, and run it again, in a temporary folder."""
    # the first time imports torch and reads weights
    identify("shapes", "cpu")
    sweep = Sweep(
        "store", base={"prompt": "a red circle"}, axes={"seed": {"range": [0, cells]}}, metrics=()
    )
    watch = _MemoryWatch(cells)
    store_rows = min(cells, STORE_ROWS)
    with tempfile.TemporaryDirectory() as folder:
        plan_s, _ = _timed(lambda: sweep.plan(folder, limit=LIMIT))
        run_s, _ = _timed(
            lambda: run(sweep, results=folder, render=_fake, limit=LIMIT, on_event=watch)
        )
        resume_s, again = _timed(lambda: run(sweep, results=folder, render=_fake, limit=LIMIT))
        if again.made or again.reused != cells:
            raise RuntimeError(f"of {cells} cells {again.reused} were found again")
        with Store(Path(folder)) as store:
            store_s, _ = _timed(lambda: _add(store, store_rows))
    return StoreSpeed(
        cells=cells,
        plan=plan_s,
        run=run_s,
        row=1e3 * run_s / cells,
        store=1e3 * store_s / store_rows,
        resume=resume_s,
        memory=tuple(watch.memory),
    )


class _MemoryWatch:
    """Listens to a run and notes the resident memory when a tenth, half and all of it is done."""

    def __init__(self, cells: int) -> None:
        import psutil

        self.memory: list[int] = []
        self._process = psutil.Process()
        self._marks = {max(1, cells // 10), cells // 2, cells}
        self._done = 0

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Done):
            return
        self._done += 1
        if self._done in self._marks:
            self.memory.append(self._process.memory_info().rss)


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds that `work` took, and what it returned."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


class _SamePicture(Picture):
    """A picture of the same bytes for each cell: one file, so that the disk is not filled."""

    def png(self) -> bytes:
        return self.image.tobytes()


def _fake(cells: Sequence[ResolvedCell], **_: Any) -> Generator[Event, None, None]:
    """A renderer that takes no time."""
    from PIL import Image

    image = Image.new("RGB", (8, 8))
    for cell in cells:
        yield Started(cell.position, cell.params)
        picture = _SamePicture(
            params=cell.params,
            image=image,
            key=cell.key,
            weights=cell.identity.weights,
            device="cpu",
            dtype=cell.identity.dtype,
            seconds=0.0,
            device_seconds=0.0,
        )
        yield Done(cell.position, cell.params, picture)


def _add(store: Store, count: int) -> None:
    for number in range(count):
        store.add(CellRow(f"{number:064}", "{}", "w", "float32", "cpu", "failed", "none"))
        if store.due():
            store.flush()
    store.flush()
