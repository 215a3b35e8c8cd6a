"""`dwlab bench`: measure this machine, compare measurements, find its fast settings."""

from __future__ import annotations

from pathlib import Path  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from .._util.exit_codes import SOME_FAILED
from ..errors import DwlabError, MissingExtra
from ..spec.memory import parse as parse_memory
from ..spec.sweep import LIMIT
from .command import DeviceOption, MemoryOption, ResultsOption, command, new_app

if TYPE_CHECKING:
    from ..bench.compare import Comparison
    from ..bench.engine.report import EngineReport
    from ..bench.files import Document
    from ..bench.spec import BenchSpec

app = new_app(
    """Measure this machine and the engine, compare machines, and find faster settings.

    Examples:
        dwlab bench run --quick
        dwlab bench compare laptop.json desktop.json
    """
)
QuickOption = Annotated[
    bool, typer.Option("--quick", help="Two rounds of a few samples: under two minutes for shapes.")
]


@command(app)
def run(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="The benchmark, a YAML file (default: a short one of shapes)."
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="Devices, like cpu,mps,cuda:0 (default: the file's, or all).", metavar="DEVICES"
        ),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(help="Dtypes, like float32,bfloat16 (default: the file's).", metavar="DTYPES"),
    ] = None,
    quick: QuickOption = False,
    memory: MemoryOption = None,
    host: Annotated[
        bool, typer.Option("--host", help="Also write this machine's name into the file.")
    ] = False,
    results: ResultsOption = None,
) -> None:
    """Run a benchmark on this machine and write one file for `dwlab bench compare`.

    Examples:
        dwlab bench run
        dwlab bench run experiments/bench-shapes.yaml --device cpu,cuda
        dwlab bench run --quick
    """
    from ..bench.compare import compare
    from ..workflows.bench import execute_bench

    spec = chosen_benchmark(file, device, dtype, quick=quick)
    spec = spec.with_measures(parse_memory(memory) or ())
    path = execute_bench(spec, results=results, host=host)
    comparison = compare([path])
    typer.echo(comparison.text())
    typer.echo(f"\n{path}")
    if comparison.failed:
        raise typer.Exit(SOME_FAILED)


def chosen_benchmark(
    file: Path | None, device: str | None, dtype: str | None, *, quick: bool
) -> BenchSpec:
    """The benchmark of a file, or the short one, with other devices and dtypes if given."""
    from ..bench.spec import DEFAULT, BenchSpec
    from ..models.device import resolve

    spec = BenchSpec.from_yaml(file) if file else DEFAULT
    devices = None
    if device is not None:
        devices = [resolve(name) for name in _names(device)]
    dtypes = None if dtype is None else _names(dtype)
    spec = spec.vary(device=devices, dtype=dtypes)
    return spec.quick() if quick else spec


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


@command(app)
def compare(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Files that `dwlab bench run`, `engine` or `quality` wrote."
        ),
    ],
    plots: Annotated[
        Path | None, typer.Option(help="A folder for charts.", metavar="FOLDER")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1, help="Also show what so many steps would take: prompt + steps x step + decode."
        ),
    ] = None,
) -> None:
    """Compare benchmark files: tables with ratios and their 95% intervals, and charts.

    Examples:
        dwlab bench compare laptop.json desktop.json
        dwlab bench compare laptop.json desktop.json --plots charts --steps 25
    """
    from ..bench import files as benchmark_files
    from ..bench.compare import line_up
    from ..bench.engine import compare as engine_files
    from ..bench.engine.report import EngineReport
    from ..bench.quality.report import QualityReport

    runs: dict[Path, Document] = {}
    engine_reports: dict[Path, EngineReport] = {}
    for path in files:
        document = benchmark_files.load(path)
        if benchmark_files.kind(document) == benchmark_files.ENGINE:
            engine_reports[path] = EngineReport.of(document)
        elif benchmark_files.kind(document) == benchmark_files.QUALITY:
            typer.echo(f"{path}\n{QualityReport.of(document).text()}\n")
        else:
            runs[path] = document
    if runs:
        comparison = line_up(runs, steps=steps)
        typer.echo(comparison.text())
        if plots:
            _save_charts(comparison, plots)
    if runs and engine_reports:
        typer.echo()
    if engine_reports:
        typer.echo(engine_files.line_up(engine_reports))


def _save_charts(comparison: Comparison, folder: Path) -> None:
    from .._util.atomic import write_atomic
    from ..bench.charts import charts

    for name, figure in charts(comparison.rows).items():
        write_atomic(folder / f"{name}.png", figure.png())
        typer.echo(str(folder / f"{name}.png"))


@command(app)
def tune(
    model: Annotated[
        str, typer.Option(metavar="MODEL", help="Catalog name, diffusers folder or hub id.")
    ] = "shapes",
    device: DeviceOption = "auto",
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Steps per picture (default: the model's; 4 for large pictures)."),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="One round, and no torch.compile, which takes minutes."),
    ] = False,
    stages: Annotated[
        str | None,
        typer.Option(help="Only these stages, separated by commas, like attention,batch."),
    ] = None,
    memory: MemoryOption = None,
    results: ResultsOption = None,
) -> None:
    """Find the fastest settings that keep the pictures the same, for `--profile fast`.

    Examples:
        dwlab bench tune
        dwlab bench tune --model sd15 --quick
    """
    from ..workflows.bench import execute_tune

    tuned = execute_tune(
        model,
        device=device,
        steps=steps,
        quick=quick,
        memory=parse_memory(memory) or (),
        only=_names(stages) if stages else (),
        results=results,
    )
    typer.echo(tuned.text())


JsonOption = Annotated[
    Path | None,
    typer.Option("--json", help="A file for the raw figures; a chart is written beside it."),
]


@command(app)
def engine(
    model: Annotated[
        str, typer.Option(metavar="MODEL", help="Catalog name, diffusers folder or hub id.")
    ] = "shapes",
    grids: Annotated[
        str, typer.Option(help="Grids, separated by commas.", metavar="NAMES")
    ] = "heterogeneous,one-seed,homogeneous,mixed",
    engines: Annotated[
        str,
        typer.Option(
            help="Any of loop, grouped, stock-fast, grouped-fast, openvino-loop, "
            "openvino-loop-fast, openvino-genai, openvino-genai-fast, sdcpp, packed, packed-fast, "
            "packed-compiled, packed-openvino, packed-openvino-fast.",
            metavar="NAMES",
        ),
    ] = "loop,grouped,packed",
    rounds: Annotated[int, typer.Option(min=1, help="Timed runs per engine.")] = 3,
    scale: Annotated[float, typer.Option(min=0.01, help="Multiplies the numbers of steps.")] = 1.0,
    limit: Annotated[
        int, typer.Option(min=1, help="The most cells per grid, taken evenly.", metavar="CELLS")
    ] = LIMIT,
    device: DeviceOption = "auto",
    peers: Annotated[
        bool,
        typer.Option(
            "--peers",
            help="All engines that an expert would compare on this device, instead of --engines.",
        ),
    ] = False,
    memory: MemoryOption = None,
    json: JsonOption = None,
) -> None:
    """Draw the same cells with a loop, with grouped calls and packed, in turns.

    Examples:
        dwlab bench engine
        dwlab bench engine --engines loop,packed --rounds 5
        dwlab bench engine --peers --grids heterogeneous --json peers.json
    """
    from .._util.atomic import write_atomic
    from ..bench.engine.chart import engine_chart
    from ..bench.engine.engines import peers as peer_names
    from ..bench.engine.speed import compare_engines
    from ..bench.spec import memory_settings

    def save(report: EngineReport) -> None:
        # after each grid, so that it is kept if a later one is cut short
        if json:
            report.save(json)

    report = compare_engines(
        model,
        device=device,
        grids=grids.split(","),
        engines=peer_names(device) if peers else engines.split(","),
        optional=peers,
        rounds=rounds,
        scale=scale,
        limit=limit,
        memory=memory_settings(parse_memory(memory) or ()).measures,
        on_step=lambda text: typer.echo(text, err=True),
        on_grid=save,
    )
    typer.echo(report.text())
    if json:
        write_atomic(json.with_suffix(".png"), engine_chart(report).png())
    if report.unmeasured and not peers:
        raise DwlabError(f"not measured: {', '.join(report.unmeasured)}; the reasons stand above")
    disagreeing = report.disagreeing()
    if disagreeing:
        raise DwlabError(f"engines made other pictures than the loop: {'; '.join(disagreeing)}")


@command(app)
def profile(
    model: Annotated[
        str, typer.Argument(metavar="[MODEL]", help="Catalog name, diffusers folder or hub id.")
    ] = "shapes",
    engine: Annotated[str, typer.Option(help="An engine of `dwlab bench engine`.")] = "packed",
    grid: Annotated[str, typer.Option(help="A grid of `dwlab bench engine`.")] = "heterogeneous",
    scale: Annotated[float, typer.Option(min=0.01, help="Multiplies the numbers of steps.")] = 0.5,
    limit: Annotated[
        int, typer.Option(min=1, help="The most cells, taken evenly.", metavar="CELLS")
    ] = 40,
    device: DeviceOption = "auto",
) -> None:
    """Show where an engine's time goes, by kinds of operator.

    Examples:
        dwlab bench profile
        dwlab bench profile sd15-geometry --engine loop --scale 0.05 --limit 1
    """
    from ..bench.engine.profile import profile

    found = profile(model, engine, device=device, grid=grid, scale=scale, limit=limit)
    typer.echo(found.text())


@command(app)
def store(
    cells: Annotated[int, typer.Option(min=10, help="Cells of the sweep.")] = 100_000,
) -> None:
    """Plan, save and resume a sweep whose pictures cost nothing.

    Examples:
        dwlab bench store
        dwlab bench store --cells 10000
    """
    from ..bench.store_speed import measure

    typer.echo(measure(cells).text())


@command(app)
def serve(
    requests: Annotated[int, typer.Option(min=1, help="Pictures to request each way.")] = 64,
    clients: Annotated[int, typer.Option(min=1, help="Clients at the same time.")] = 16,
    steps: Annotated[int, typer.Option(min=1, help="Steps per picture.")] = 20,
    side: Annotated[int, typer.Option(min=64, help="Width and height in pixels.")] = 128,
    device: DeviceOption = "auto",
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Compare with a server with so many workers.")
    ] = 1,
    json: Annotated[Path | None, typer.Option(help="Write the result here.")] = None,
) -> None:
    """Serve the same requests one at a time, many at once and beside a sweep, on real servers.

    Examples:
        dwlab bench serve
        dwlab bench serve --workers 2 --json serve.json
        dwlab bench serve --requests 128 --clients 32
    """
    from .._util.atomic import write_atomic

    try:
        from ..server.load_test import measure
    except ImportError as error:
        raise MissingExtra(f"dwlab bench serve ({error.name} is missing)", "serve") from error
    result = measure(
        requests=requests, clients=clients, steps=steps, side=side, device=device, workers=workers
    )
    typer.echo(result)
    if json:
        write_atomic(json, result.json().encode())
