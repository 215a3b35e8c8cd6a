"""`dwlab bench`: measure this machine, line up what was measured, find its fast settings."""

from __future__ import annotations

from pathlib import Path  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from .._util.exit_codes import SOME_FAILED
from ..errors import DwlabError, MissingExtra
from .command import DeviceOption, ResultsOption, command, new_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..bench.compare import Comparison
    from ..bench.spec import BenchSpec

app = new_app("Benchmarks: run, compare, tune.")
QuickOption = Annotated[
    bool, typer.Option("--quick", help="Two rounds of a few samples: under two minutes for shapes.")
]


@command(app)
def run(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="The benchmark, a YAML file (default: shapes, in short)."
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="Devices, like cpu,mps,cuda:0 (default: the file's, else all)."),
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="Dtypes, like float32,bfloat16 (default: the file's).")
    ] = None,
    quick: QuickOption = False,
    host: Annotated[
        bool, typer.Option("--host", help="Write this machine's name into the file, too.")
    ] = False,
    results: ResultsOption = None,
) -> None:
    """Measure what a benchmark says on this machine, and write one file for `dwlab bench compare`."""
    from ..bench.compare import compare
    from ..workflows.bench import execute_bench

    path = execute_bench(chosen(file, device, dtype, quick=quick), results=results, host=host)
    lined_up = compare([path])
    typer.echo(lined_up.text())
    typer.echo(f"\n{path}")
    if lined_up.failed:
        raise typer.Exit(SOME_FAILED)


def chosen(file: Path | None, device: str | None, dtype: str | None, *, quick: bool) -> BenchSpec:
    """The benchmark of a file, or the short one, with the devices and dtypes that were asked for."""
    from ..bench.spec import DEFAULT, BenchSpec
    from ..models.device import resolve

    spec = (BenchSpec.from_yaml(file) if file else DEFAULT).vary(
        device=_listed(device, resolve), dtype=_listed(dtype)
    )
    return spec.quick() if quick else spec


def _listed(text: str | None, check: Callable[[str], str] = str) -> list[str] | None:
    return [check(part.strip()) for part in text.split(",")] if text is not None else None


@command(app)
def compare(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Files that `dwlab bench run` or `dwlab bench engine` wrote."
        ),
    ],
    plots: Annotated[Path | None, typer.Option(help="A folder for the plots.")] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1, help="Also what so many steps would take: prompt + steps x step + decode."
        ),
    ] = None,
) -> None:
    """Line up what was measured: tables with ratios and their 95% intervals, and plots."""
    from ..bench import engine_files, record
    from ..bench.compare import line_up
    from ..bench.engine import Report

    documents = {path: record.load(path) for path in files}
    runs = {
        path: document
        for path, document in documents.items()
        if record.kind(document) == record.RUN
    }
    engines = {
        path: Report.of(document) for path, document in documents.items() if path not in runs
    }
    if runs:
        lined_up = line_up(runs, steps=steps)
        typer.echo(lined_up.text())
        if plots:
            _save_charts(lined_up, plots)
    if runs and engines:
        typer.echo()
    if engines:
        typer.echo(engine_files.line_up(engines))


def _save_charts(lined_up: Comparison, folder: Path) -> None:
    from .._util.atomic import write_atomic
    from ..bench.charts import charts

    for name, figure in charts(lined_up.table).items():
        write_atomic(folder / f"{name}.png", figure.png())
        typer.echo(str(folder / f"{name}.png"))


@command(app)
def tune(
    model: Annotated[
        str, typer.Option(help="Catalog name, diffusers folder or hub id.")
    ] = "shapes",
    device: DeviceOption = "auto",
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Steps of a picture (default: the model's, of large ones 4)."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Without torch.compile, which takes minutes to try.")
    ] = False,
    results: ResultsOption = None,
) -> None:
    """Find the fastest settings that keep the pictures, for `--profile fast`."""
    from ..workflows.bench import execute_tune

    typer.echo(execute_tune(model, device=device, steps=steps, quick=quick, results=results).text())


JsonOption = Annotated[Path | None, typer.Option("--json", help="A file for the raw figures.")]


@command(app)
def engine(
    model: Annotated[
        str, typer.Option(help="Catalog name, diffusers folder or hub id.")
    ] = "shapes",
    grids: Annotated[
        str, typer.Option(help="Grids, with commas.")
    ] = "heterogeneous,one-seed,homogeneous,mixed",
    engines: Annotated[
        str, typer.Option(help="Of loop, grouped, packed, packed-fast, packed-compiled.")
    ] = "loop,grouped,packed",
    rounds: Annotated[int, typer.Option(min=1, help="Timed runs of each engine.")] = 3,
    scale: Annotated[float, typer.Option(min=0.01, help="Factor of the step counts.")] = 1.0,
    limit: Annotated[
        int, typer.Option(min=1, help="Cells of a grid at most, taken evenly.")
    ] = 10_000,
    device: DeviceOption = "auto",
    json: JsonOption = None,
) -> None:
    """Draw the same cells by a loop, by grouped calls and packed, in turns; --json FILE leaves a chart beside it."""
    from .._util.atomic import write_atomic
    from ..bench.charts import engines as chart
    from ..bench.engine import compare_engines

    found = compare_engines(
        model, device=device, names=grids.split(","), engines=engines.split(","), rounds=rounds, scale=scale,
        limit=limit, on_step=lambda text: typer.echo(text, err=True),
    )  # fmt: skip
    typer.echo(found.text())
    if json:
        found.save(json)
        write_atomic(json.with_suffix(".png"), chart(found).png())
    if wrong := found.disagreeing():
        raise DwlabError(f"engines made other pictures than the loop: {'; '.join(wrong)}")


@command(app)
def store(
    cells: Annotated[int, typer.Option(min=10, help="Cells of the dry sweep.")] = 100_000,
) -> None:
    """Plan, save and resume a sweep whose pictures cost nothing."""
    from ..bench.store_speed import measure

    typer.echo(measure(cells).text())


@command(app)
def serve(
    requests: Annotated[int, typer.Option(min=1, help="Pictures to ask for, each way.")] = 64,
    clients: Annotated[int, typer.Option(min=1, help="Clients at the same time.")] = 16,
    steps: Annotated[int, typer.Option(min=1, help="Steps of a picture.")] = 20,
    side: Annotated[int, typer.Option(min=64, help="Pixels of a picture's sides.")] = 128,
    device: DeviceOption = "auto",
) -> None:
    """Serve the same requests one at a time and many at once, on real servers, and compare."""
    try:
        from ..server.load_test import measure
    except ImportError as error:
        raise MissingExtra(f"dwlab bench serve ({error.name} is missing)", "serve") from error
    typer.echo(measure(requests=requests, clients=clients, steps=steps, side=side, device=device))
