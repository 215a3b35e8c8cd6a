"""Is packing worth it? The same cells by a plain loop, by grouped calls and packed, in one process, in turns.

All engines write PNGs; pictures are compared with those of the loop.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import itertools
import random
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .._util.text_table import text_table
from ..errors import InvalidInput
from ..events import Done, Failed
from ..models import device as devices
from ..models import loading, memory
from ..models.identity import identify
from ..models.settings import Settings, decoder_of, denoiser_of
from ..pictures.picture import Picture
from ..render import stream
from ..runs.cost import rows_of
from ..spec.params import GenerationParams
from . import record, system, timed_calls
from .matmul import matmul_rate
from .spec import Configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from PIL import Image

GRIDS = ("heterogeneous", "one-seed", "homogeneous", "mixed")
PROMPTS = (
    "a large red circle at the center on a white background", "a small blue star at the top on a black background",
    "a green square left of a yellow heart", "a purple triangle",
)  # fmt: skip
GROUP_ROWS = 32  # of a grouped call: more gains nothing on a CPU
STEPS, GUIDANCES, SCHEDULERS = (8, 12, 16, 20), (1.0, 2.0, 3.0, 5.0, 7.5), ("DDIM", "Euler")
Cells = list[GenerationParams]
T = TypeVar("T")


def grids(model: str, scale: float = 1.0) -> dict[str, Cells]:
    """The cells of each grid; `scale` shortens the step counts."""

    def cells(
        prompts: int, seeds: int, steps: tuple[int, ...], guidances: tuple[float, ...], names: Any
    ) -> Cells:
        points = itertools.product(PROMPTS[:prompts], range(seeds), steps, guidances, names)
        return [
            GenerationParams(
                p, seed=s, steps=max(1, round(n * scale)), guidance=g, scheduler=name, model=model
            )
            for p, s, n, g, name in points
        ]

    return {
        "homogeneous": cells(1, 64, (20,), (3.0,), SCHEDULERS[:1]),
        "heterogeneous": cells(1, 3, STEPS, GUIDANCES, SCHEDULERS),
        "one-seed": cells(1, 1, STEPS, GUIDANCES, SCHEDULERS),
        "mixed": cells(4, 2, STEPS[:3], GUIDANCES[1:4], SCHEDULERS[:1]),
    }


@dataclass
class Meter:
    """What the models did: forwards and rows of the denoiser, decoded pictures, seconds in any model.

    memory: the most that was in use, bytes: allocated on a GPU; on a CPU of the whole process, where all engines take turns.
    """

    forwards: int = 0
    rows: int = 0
    decoded: int = 0
    seconds: float = 0.0
    memory: int = 0
    began: float = 0.0


@contextlib.contextmanager
def metered(model: loading.Model) -> Iterator[Meter]:
    """Count and time the forwards of a model's denoiser, decoder and text encoders."""
    meter, device = Meter(), model.identity.device
    denoiser = denoiser_of(model.pipeline)
    decoder = getattr(decoder_of(model.pipeline), "decoder", None)
    encoders = [
        part
        for name, part in model.pipeline.components.items()
        if part and name.startswith("text_encoder")
    ]

    def before(*_: Any) -> None:
        devices.synchronize(device)
        meter.began = time.perf_counter()

    def after(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], _output: Any) -> None:
        devices.synchronize(device)
        meter.seconds += time.perf_counter() - meter.began
        rows = len(next(iter((*args, *kwargs.values()))))
        if module is denoiser:
            meter.forwards, meter.rows = meter.forwards + 1, meter.rows + rows
        elif module is decoder:
            meter.decoded += rows

    with contextlib.ExitStack() as hooks:
        for module in filter(None, (denoiser, decoder, *encoders)):
            hooks.callback(module.register_forward_pre_hook(before).remove)
            hooks.callback(module.register_forward_hook(after, with_kwargs=True).remove)
        yield meter


def loop(model: loading.Model, cells: Cells) -> Iterator[tuple[int, Image.Image]]:
    """The stock pipeline, a call for each cell."""
    for index in range(len(cells)):
        yield from _stock(model, cells, [index])


def grouped(model: loading.Model, cells: Cells) -> Iterator[tuple[int, Image.Image]]:
    """The stock pipeline, a call with lists for cells that differ in prompt and seed alone: the best one can do by hand."""
    alike: dict[GenerationParams, list[int]] = {}
    for index, params in enumerate(cells):
        negative = (
            "any" if params.negative_prompt else ""
        )  # no call takes cells with and without one
        alike.setdefault(params.replace(prompt="", negative_prompt=negative, seed=0), []).append(
            index
        )
    for shared, group in alike.items():
        size = GROUP_ROWS // (2 if shared.guided else 1)
        for start in range(0, len(group), size):
            yield from _stock(model, cells, group[start : start + size])


def _stock(
    model: loading.Model, cells: Cells, group: list[int]
) -> Iterator[tuple[int, Image.Image]]:
    pictures = timed_calls.stock(model, [cells[k] for k in group])
    yield from zip(group, model.pipeline.image_processor.numpy_to_pil(pictures), strict=True)


def packed(model: loading.Model, cells: Cells) -> Iterator[tuple[int, Image.Image]]:
    """What `dwlab.stream` does."""
    for event in stream.stream(cells, model=model):
        if isinstance(event, Failed):
            raise RuntimeError(event.error)  # noqa: TRY004  # no type is at fault
        if isinstance(event, Done) and isinstance(event.result, Picture):
            yield event.index, event.result.image


@dataclass
class Row:
    """An engine on a grid. Lists have one entry a round."""

    grid: str
    engine: str
    dtype: str
    device: str
    cells: int
    seconds: list[float] = field(default_factory=list)
    rows_a_forward: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)  # share of the wall time in which no model ran
    tflops: list[float] = field(default_factory=list)  # useful work over wall time
    memory: int = 0  # bytes
    difference: int = 0  # of any pixel from the loop's picture, of 255


def measure(
    engines: dict[str, tuple[Any, loading.Model]],
    grid: str,
    cells: Cells,
    rounds: int,
    on_step: Callable[[str], None] | None = None,
) -> list[Row]:
    """Run each engine on the cells, `rounds` times, in shuffled turns; on_step is told each run."""
    work = {name: _apart(_work, model, cells[0]) for name, (_, model) in engines.items()}
    rows = {
        name: Row(grid, name, model.identity.dtype, model.identity.device, len(cells))
        for name, (_, model) in engines.items()
    }
    for engine, model in engines.values():  # warm up; what is compiled needs to see all its shapes
        compiled = model.identity.settings.compile != "none"
        _run(engine, model, cells if compiled else cells[:: max(1, len(cells) // 8)])
    pictures: dict[str, dict[int, Image.Image]] = {}
    needed = sum(rows_of(one.steps, one.scheduler, one.guidance) for one in cells)
    turns = random.Random(0)  # noqa: S311  # an order, no secret
    for _ in range(rounds):
        for name in turns.sample(list(engines), len(engines)):
            row, (denoise, decode) = rows[name], work[name]
            pictures[name], seconds, meter = _run(*engines[name], cells)
            row.seconds.append(seconds)
            if on_step:
                on_step(
                    f"{grid}, {name}: {seconds:.2f} s, {meter.rows / meter.forwards:.1f} rows a forward"
                )
            row.rows_a_forward.append(meter.rows / meter.forwards)
            row.idle.append(1 - meter.seconds / seconds)
            useful = min(meter.rows, needed)  # the rest fills compiled forwards up
            row.tflops.append((useful * denoise + meter.decoded * decode) / seconds / 1e12)
            row.memory = max(row.memory, meter.memory)
    for name, row in rows.items():
        reference = pictures.get("loop", pictures[next(iter(engines))])
        row.difference = max(
            _difference(reference[k], picture) for k, picture in pictures[name].items()
        )
    return list(rows.values())


def _apart(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function in a thread of its own.

    OpenMP keeps a team of threads for each thread that ever computed, and once the teams outnumber the cores, all of
    them wait asleep instead of awake: a small forward then takes twice as long. So no two threads compute here at once.
    """
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments).result()


def _run(
    engine: Any, model: loading.Model, cells: Cells
) -> tuple[dict[int, Image.Image], float, Meter]:
    if engine is not packed:  # which has a thread of its own
        return _apart(_timed, engine, model, cells)
    return _timed(engine, model, cells)


def _timed(
    engine: Any, model: loading.Model, cells: Cells
) -> tuple[dict[int, Image.Image], float, Meter]:
    pictures: dict[int, Image.Image] = {}
    with tempfile.TemporaryDirectory() as folder, metered(model) as meter:

        def work() -> None:
            for index, picture in engine(model, cells):
                picture.save(Path(folder) / f"{index}.png")
                pictures[index] = picture

        began = time.perf_counter()
        peak = memory.peak_memory(model.identity.device, work)
        seconds = time.perf_counter() - began
        meter.memory = int(1e9 * peak.get("allocated_gb", peak["resident_gb"]))
        return pictures, seconds, meter


def _difference(a: Image.Image, b: Image.Image) -> int:
    import numpy as np

    return int(np.abs(np.asarray(a, int) - np.asarray(b, int)).max())


def _work(model: loading.Model, params: GenerationParams) -> tuple[float, float]:
    """Floating-point operations of a row of the denoiser and of a decoded picture; 0 where they cannot be counted."""
    one = Configuration(
        params.replace(steps=1, guidance=1.0), model.identity.device, 1, model.identity.settings
    )
    counted = timed_calls.operations(model, timed_calls.probe(model, one, 0))
    return counted.get("denoiser", 0.0), counted.get("decoder", 0.0)


HEAD = (
    "grid",
    "engine",
    "images/s",
    "x loop",
    "x grouped",
    "rows/fwd",
    "idle",
    "TFLOP/s",
    "of matmul",
    "MB",
    "diff",
)


def table(rows: list[Row], rates: dict[str, float]) -> str:
    """The rows as text. Ratios are of each round's times, as median and range."""
    lines = [_line(rows, row, rates) for row in rows]
    return text_table(lines, HEAD, numbers=range(2, len(HEAD)))


def _line(rows: list[Row], row: Row, rates: dict[str, float]) -> tuple[str, ...]:
    tflops = statistics.median(row.tflops)
    return (
        row.grid,
        row.engine,
        f"{row.cells / statistics.median(row.seconds):.2f}",
        ratio_text(rows, row, "loop"),
        ratio_text(rows, row, "grouped"),
        f"{statistics.median(row.rows_a_forward):.1f}",
        f"{statistics.median(row.idle):.1%}",
        f"{tflops:.3f}",
        f"{tflops * 1e12 / rates[row.dtype]:.0%}",
        f"{row.memory / 1e6:.0f}",
        str(row.difference),
    )


def ratios(rows: Sequence[Row], row: Row, other: str) -> list[float]:
    """How many times as fast as another engine a row's was on the same cells, a number a round; none without the other."""
    found = next((one.seconds for one in rows if (one.grid, one.engine) == (row.grid, other)), [])
    return [theirs / own for theirs, own in zip(found, row.seconds, strict=False)]


def ratio_text(rows: Sequence[Row], row: Row, other: str) -> str:
    """`ratios` as their median and range."""
    values = ratios(rows, row, other)
    return (
        f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})" if values else "-"
    )


@dataclass(frozen=True)
class Report:
    """What was measured. matmul: operations per second by dtype. scale: factor of the step counts. system: see `bench.system`."""

    rows: list[Row]
    matmul: dict[str, float]
    model: str
    scale: float
    system: dict[str, Any]

    def machine(self, device: str) -> str:
        """What the device is called."""
        return str(self.system.get("devices", {}).get(device, {}).get("name", device))

    def disagreeing(self) -> list[str]:
        """What made other pictures than the loop: in float32 a difference of 1 of 255 is rounding, more is not."""
        return [
            f"{row.engine} on {row.grid}: {row.difference} of 255"
            for row in self.rows
            if row.dtype == "float32" and row.difference > 1
        ]

    def text(self) -> str:
        """A table for a terminal."""
        rates = ", ".join(
            f"{rate / 1e12:.3f} TFLOP/s in {dtype}" for dtype, rate in self.matmul.items()
        )
        return f"{table(self.rows, self.matmul)}\nmatmul: {rates}"

    def save(self, path: Path) -> Path:
        """Write raw rows for programs, with what they were measured on, whole or not at all."""
        return record.save(path, {"kind": record.ENGINE, "schema": record.SCHEMA, **asdict(self)})

    @classmethod
    def of(cls, document: dict[str, Any]) -> Report:
        """The report in a document that `record.load` gave."""
        rows = [Row(**row) for row in document["rows"]]
        return cls(
            rows, document["matmul"], document["model"], document["scale"], document["system"]
        )


def compare_engines(
    model: str = "shapes",
    *,
    device: str = "auto",
    names: Sequence[str] = GRIDS,
    engines: Sequence[str] = ("loop", "grouped", "packed"),
    rounds: int = 3,
    scale: float = 1.0,
    limit: int = 10_000,
    on_step: Callable[[str], None] | None = None,
) -> Report:
    """Measure engines (see ENGINES) on grids of cells, in one process and in turns.

    scale: factor of the step counts. limit: cells of a grid at most, taken evenly. on_step: told each run. Raises
    InvalidInput for an unknown grid or engine, ModelError for a model that there is not.
    """
    for option, given, allowed in (("grids", names, GRIDS), ("engines", engines, tuple(ENGINES))):
        for name in given:
            if name not in allowed:
                raise InvalidInput(option, name, f"some of {', '.join(allowed)}")
    chosen = {name: (_engine(name), _apart(_loaded, name, model, device)) for name in engines}
    rates = {
        m.identity.dtype: _apart(matmul_rate, m.identity.device, m.identity.dtype)
        for _, m in chosen.values()
    }
    rows = []
    for name in names:
        cells = grids(model, scale)[name]
        rows += measure(chosen, name, cells[:: -(-len(cells) // limit)], rounds, on_step)
    return Report(rows, rates, model, scale, system.facts({row.device for row in rows}))


ENGINES = {
    "loop": "the stock pipeline, a call for each cell",
    "grouped": "the stock pipeline, a call with lists for cells of like settings",
    "packed": "dwlab.stream",
    "packed-fast": "the same in the device's faster dtype, channels last",
    "packed-compiled": "the same, with the denoiser compiled",
}


def _engine(name: str) -> Any:
    return {"loop": loop, "grouped": grouped}.get(name, packed)


def _loaded(name: str, model: str, device: str) -> loading.Model:
    """The model as an engine computes it."""
    if not name.startswith("packed-"):
        return loading.load(model, device)
    place = devices.resolve(device)
    settings = Settings(
        channels_last=True, compile="default" if name == "packed-compiled" else "none"
    )
    identity = identify(model, place, devices.faster_dtype(place) or "auto", settings=settings)
    return loading.load_identified(identity)
