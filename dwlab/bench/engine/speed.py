"""Measure engines on grids of cells, in one process and in turns.

All engines write PNGs; their pictures are compared with the loop's.
"""

from __future__ import annotations

import concurrent.futures
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ...errors import InvalidInput, RenderError, first_line
from ...models import memory
from ...models.identity import identify
from ...spec.public_names import name_without_path
from ...spec.rows import rows_of
from ...spec.sweep import LIMIT
from .. import machine
from ..configuration import Configuration
from ..matmul import matmul_rate
from ..operations import operations
from ..probe import probe
from .engines import ENGINES, load, packed
from .grids import GRIDS, evenly
from .meter import Meter, metered
from .report import EngineReport, EngineResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PIL import Image

    from ...models.loading import Model
    from ...spec.params import GenerationParams
    from .engines import Engine
    from .grids import Cells

    Pictures = dict[int, Image.Image]

T = TypeVar("T")


def compare_engines(
    model: str = "shapes",
    *,
    device: str = "auto",
    grids: Sequence[str] = tuple(GRIDS),
    engines: Sequence[str] = ("loop", "grouped", "packed"),
    rounds: int = 3,
    scale: float = 1.0,
    limit: int = LIMIT,
    memory: tuple[str, ...] = (),
    optional: bool = False,
    on_step: Callable[[str], None] | None = None,
    on_grid: Callable[[EngineReport], None] | None = None,
) -> EngineReport:
    """Measure engines (see ENGINES) on grids (see GRIDS), in one process and in turns.

    scale: multiplies the numbers of steps. limit: the most cells of a grid, taken evenly. memory:
    measures that save memory. optional: an engine that is not installed or not for this model is
    reported with the reason, as one is that fails when it warms up. on_step: called with a line of
    text after each timed run. on_grid: called with the report so far after each grid. Raises
    InvalidInput for an unknown grid or engine, ModelError if the model cannot be found, RenderError if
    the loop fails.
    """
    _check_names("grids", grids, GRIDS)
    _check_names("engines", engines, ENGINES)
    identity = identify(model, device)
    loaded: dict[str, Engine] = {}
    unmeasured: dict[str, str] = {}
    for name in engines:
        try:
            loaded[name] = apart(load, name, model, device, memory)
        # whatever another library raises
        except Exception as error:
            if not optional or name == "loop":
                raise
            unmeasured[name] = machine.without_paths(first_line(error))
    matmul = {}
    for engine in loaded.values():
        own = engine.model.identity
        matmul[own.dtype] = apart(matmul_rate, own.device, own.dtype)
    system = machine.facts({engine.model.identity.device for engine in loaded.values()})
    report = EngineReport([], matmul, name_without_path(model), scale, system, unmeasured)
    for name in grids:
        cells = evenly(GRIDS[name].cells(identity, scale), limit)
        report.results.extend(measure(loaded, name, cells, rounds, on_step, unmeasured))
        if on_grid:
            on_grid(report)
    return report


def _check_names(option: str, names: Sequence[str], allowed: Mapping[str, object]) -> None:
    for name in names:
        if name not in allowed:
            raise InvalidInput(option, name, f"some of {', '.join(allowed)}")


def measure(
    engines: Mapping[str, Engine],
    grid: str,
    cells: Cells,
    rounds: int,
    on_step: Callable[[str], None] | None = None,
    failures: dict[str, str] | None = None,
) -> list[EngineResult]:
    """Run each engine on the cells, `rounds` times, in shuffled turns.

    on_step: called with a line of text after each timed run. failures: if given, takes the reasons of
    the engines that fail as they warm up, which are left out.
    """
    engines = _warmed_up(engines, grid, cells, failures)
    counts = {name: apart(_operations, e.model, cells[0]) for name, e in engines.items()}
    results = {name: _no_result(grid, name, e, cells) for name, e in engines.items()}
    needed_rows = sum(rows_of(cell) for cell in cells)
    pictures: dict[str, Pictures] = {}
    turns = random.Random(0)  # noqa: S311  # an order, no secret
    for _ in range(rounds):
        for name in turns.sample(list(engines), len(engines)):
            timed = run_once(engines[name], cells)
            _note(results[name], timed, counts[name], needed_rows)
            pictures[name] = timed.pictures
            if on_step:
                on_step(f"{grid}, {name}: {timed}")
    reference = pictures.get("loop", pictures[next(iter(engines))])
    for name, result in results.items():
        result.difference = _largest_difference(pictures[name], reference)
    return list(results.values())


def _warmed_up(
    engines: Mapping[str, Engine], grid: str, cells: Cells, failures: dict[str, str] | None
) -> dict[str, Engine]:
    """Warm engines up; returns those that did not fail."""
    ready: dict[str, Engine] = {}
    for name, engine in engines.items():
        try:
            _warm_up(engine, cells)
        # whatever another library raises
        except Exception as error:
            reason = f"it fails on {grid}: {first_line(error)}"
            if failures is None or name == "loop":
                raise RenderError(f"engine {name}: {reason}") from error
            failures[name] = machine.without_paths(reason)
        else:
            ready[name] = engine
    return ready


def _no_result(grid: str, name: str, engine: Engine, cells: Cells) -> EngineResult:
    identity = engine.model.identity
    return EngineResult(grid, name, identity.dtype, identity.device, len(cells))


def _warm_up(engine: Engine, cells: Cells) -> None:
    """Draw some cells; all of them if the model is compiled, which needs to see all its shapes."""
    run_once(engine, cells if engine.compiled else cells[:: max(1, len(cells) // 8)])


@dataclass(frozen=True)
class TimedRun:
    """One run of an engine on all cells.

    pictures: by the index of their cell. processor: seconds of all threads, which other work on a
    busy machine changes less than the seconds that pass.
    """

    pictures: Pictures
    seconds: float
    processor: float
    meter: Meter

    @property
    def rows_per_forward(self) -> float:
        """Rows of the denoiser's forwards, on average."""
        return self.meter.rows / self.meter.forwards

    def __str__(self) -> str:
        text = f"{self.seconds:.2f} s, {self.processor:.2f} s of processor time"
        if self.meter.forwards:
            text += f", {self.rows_per_forward:.1f} rows per forward"
        return text


@dataclass(frozen=True)
class _Operations:
    """Floating-point operations per row of the denoiser and per decoded picture.

    0 if they cannot be counted.
    """

    row: float
    picture: float


def _operations(model: Model, params: GenerationParams) -> _Operations:
    configuration = Configuration(
        params.replace(steps=1, guidance=1.0), model.identity.device, 1, model.identity.settings
    )
    counts = operations(model, probe(model, configuration, 0))
    return _Operations(row=counts.get("denoiser", 0.0), picture=counts.get("decoder", 0.0))


def _note(result: EngineResult, run: TimedRun, counts: _Operations, needed_rows: int) -> None:
    """Add one timed run to a result."""
    meter = run.meter
    # rows beyond those needed only fill compiled forwards up
    useful_rows = min(meter.rows, needed_rows) if meter.forwards else needed_rows
    useful = useful_rows * counts.row + len(run.pictures) * counts.picture
    result.seconds.append(run.seconds)
    if meter.forwards:
        result.rows_a_forward.append(run.rows_per_forward)
        result.idle.append(1 - meter.seconds / run.seconds)
    result.tflops.append(useful / run.seconds / 1e12)
    result.memory = max(result.memory, meter.memory)


def apart(function: Callable[..., T], *arguments: object) -> T:
    """Call a function in a thread of its own.

    OpenMP keeps a team of threads for each thread that ever computed, and once the teams outnumber
    the cores, all of them wait asleep instead of awake: a small forward then takes twice as long.
    So no two threads compute here at once.
    """
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments).result()


def run_once(engine: Engine, cells: Cells) -> TimedRun:
    """Draw all cells with an engine and write their PNGs."""
    if engine.draw is packed:
        # it has a thread of its own
        return _timed(engine, cells)
    return apart(_timed, engine, cells)


def _timed(engine: Engine, cells: Cells) -> TimedRun:
    pictures: Pictures = {}
    with tempfile.TemporaryDirectory() as folder, metered(engine.model) as meter:

        def draw() -> None:
            for index, picture in engine.draw(engine.model, cells):
                picture.save(Path(folder) / f"{index}.png")
                pictures[index] = picture

        processor_began = time.process_time()
        began = time.perf_counter()
        peak = memory.peak_memory(engine.model.identity.device, draw)
        seconds = time.perf_counter() - began
        processor = time.process_time() - processor_began
        meter.memory = int(1e9 * peak.get("allocated_gb", peak["resident_gb"]))
    return TimedRun(pictures, seconds, processor, meter)


def _largest_difference(pictures: Pictures, reference: Pictures) -> int:
    return max(_difference(reference[index], picture) for index, picture in pictures.items())


def _difference(a: Image.Image, b: Image.Image) -> int:
    import numpy as np

    return int(np.abs(np.asarray(a, int) - np.asarray(b, int)).max())
