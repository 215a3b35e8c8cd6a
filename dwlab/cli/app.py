"""The `dwlab` command: parses, calls, prints. Computing and drawing live elsewhere."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import __version__
from .._util.exit_codes import SOME_DAMAGED, SOME_FAILED, SOME_NAN
from .._util.text_table import text_table
from ..errors import InvalidInput
from ..spec.compute import Compute
from ..spec.sweep import LIMIT
from . import bench, serve
from .command import DeviceOption, ProfileOption, ResultsOption, VerboseOption, command, new_app

if TYPE_CHECKING:
    from ..runs.outcome import Outcome
    from ..spec.model_entry import Entry

app = new_app("A lab bench for diffusion models: explore, sweep, compare.")
app.add_typer(bench.app, name="bench")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dwlab {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    verbose: VerboseOption = False,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Take the options that stand before a command."""
    context.obj = verbose


@command(app)
def generate(
    prompt: Annotated[str, typer.Argument(help="What to draw.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The PNG to write.")] = Path(
        "out.png"
    ),
    model: Annotated[
        str, typer.Option(help="Catalog name, diffusers folder or hub id.")
    ] = "shapes",
    negative: Annotated[str, typer.Option(help="What to keep away from.")] = "",
    seed: Annotated[int, typer.Option(help="0 to 2^63-1.")] = 0,
    steps: Annotated[int | None, typer.Option(help="1 to 1000 (default: the model's).")] = None,
    guidance: Annotated[float | None, typer.Option(help="0 to 100 (default: the model's).")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help='A diffusers class or a common name, like "DPM++ 2M Karras".')
    ] = None,
    width: Annotated[int | None, typer.Option(help="Pixels, a multiple of 8.")] = None,
    height: Annotated[int | None, typer.Option(help="Pixels, a multiple of 8.")] = None,
    dtype: Annotated[str, typer.Option(help="auto, float32, float16 or bfloat16.")] = "auto",
    device: DeviceOption = "auto",
    profile: ProfileOption = None,
) -> None:
    """Draw one picture and write it as a PNG that carries its recipe."""
    from ..runs.generation import generate as make_picture

    if output.suffix.lower() != ".png":
        raise InvalidInput("output", str(output), "a path that ends in .png")
    picture = make_picture(
        prompt, model=model, device=device, profile=profile, negative_prompt=negative, seed=seed, steps=steps, guidance=guidance,
        scheduler=scheduler, width=width, height=height, dtype=dtype,
    )  # fmt: skip
    typer.echo(
        f"{picture.save(output)}  {picture.seconds:.2f} s on {picture.device} in {picture.dtype}"
    )
    if picture.warning:
        typer.echo(f"warning: {picture.warning}", err=True)
        raise typer.Exit(SOME_NAN)


@command(app)
def sweep(
    experiment: Annotated[
        Path, typer.Argument(metavar="FILE", help="The experiment, a YAML file.")
    ],
    results: ResultsOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show counts and estimates; compute nothing.")
    ] = False,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Replace an axis or a base value; the value is YAML.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Refuse more cells than this.")] = LIMIT,
    pack: Annotated[
        int | None,
        typer.Option(
            min=1, help="Pictures that share a forward (default: what the device gains from)."
        ),
    ] = None,
    exact: Annotated[
        int | None,
        typer.Option(
            metavar="ROWS",
            help="Make each picture the same to the bit whatever runs beside it: a forward always has ROWS rows (16 is good).",
        ),
    ] = None,
    device: DeviceOption = "auto",
    profile: ProfileOption = None,
    notebook: Annotated[bool, typer.Option(help="Also run the notebook over the results.")] = True,
) -> None:
    """Compute what an experiment lacks, then write its table, grid, report and notebook."""
    from ..runs.sweep import Sweep

    spec = Sweep.from_yaml(experiment).override(_assignments(overrides or []))
    if dry_run:
        typer.echo(spec.plan(results, device=device, profile=profile, exact=exact, limit=limit))
        return
    from ..workflows.sweep import execute

    compute = Compute(device=device, profile=profile, pack=pack, exact=exact)
    outcome, written = execute(spec, results=results, compute=compute, limit=limit)
    try:
        if notebook:
            written["notebook"] = _notebook(outcome)
    finally:  # a notebook that fails takes nothing away from what was computed
        _summary(outcome, written)
    if outcome.failed:
        raise typer.Exit(SOME_FAILED)
    if outcome.nan:
        raise typer.Exit(SOME_NAN)


def _notebook(outcome: Outcome) -> Path:
    from ..notebook.papermill import run_notebook
    from ..paths import experiment_folder

    parameters = {"experiment": outcome.name, "results": str(outcome.root), "compute": False}
    return run_notebook(
        "sweep", experiment_folder(outcome.root, outcome.name) / "sweep.ipynb", parameters
    )


def _summary(outcome: Outcome, written: dict[str, Path]) -> None:
    failed = (
        f", {outcome.failed} failed (see error in the table; the same command tries them again)"
        if outcome.failed
        else ""
    )
    typer.echo(
        f"{outcome.name}: {outcome.total} pictures, {outcome.made} made now, {outcome.reused} already there{failed}"
    )
    rows = [("warning", outcome.warning)] if outcome.warning else []
    rows += [("note", note) for note in outcome.notes]
    rows += [(kind, str(path)) for kind, path in written.items()]
    typer.echo(textwrap.indent(text_table(rows), "  "))


@command(app)
def table(
    name: Annotated[str, typer.Argument(help="The experiment's name.")],
    format: Annotated[str, typer.Option(help="csv, json, parquet or markdown.")] = "markdown",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to write (default: standard output)."),
    ] = None,
    results: ResultsOption = None,
) -> None:
    """Print an experiment's table, one row per cell."""
    from .._util.atomic import write_atomic
    from ..runs.results import Results
    from ..views.export import export

    data = export(Results(results).table(name), format)
    if output:
        write_atomic(output, data)
    else:
        sys.stdout.buffer.write(data)


@command(app)
def metrics(
    name: Annotated[str, typer.Argument(help="The experiment's name.")],
    only: Annotated[
        list[str] | None, typer.Option("--only", help="A metric to compute; may be repeated.")
    ] = None,
    results: ResultsOption = None,
) -> None:
    """Compute metrics again over an experiment's pictures."""
    from ..runs.remeasure import remeasure
    from ..runs.results import Results

    found = Results(results)
    found.table(name)  # refuses a name that never ran here
    typer.echo(f"{name}: {remeasure(found.root, name, only)}")


@command(app)
def verify(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[EXPERIMENT]", help="Only this experiment's pictures (default: all)."
        ),
    ] = None,
    results: ResultsOption = None,
) -> None:
    """Check every picture against its hash; a damaged one is set aside, and the next sweep makes it again."""
    from tqdm import tqdm

    from ..paths import results_folder
    from ..store.integrity import verify

    root = results_folder(results)
    verdict = verify(root, name, follow=lambda names: tqdm(names, unit=" pictures", disable=None))
    for image in verdict.damaged:
        typer.echo(f"damaged  {image}")
    for image in verdict.missing:
        typer.echo(f"missing  {image}")
    counts = f"{verdict.pictures:,} pictures, {len(verdict.damaged):,} damaged, {len(verdict.missing):,} missing"
    typer.echo(f"{name or root}: {counts}")
    if verdict.damaged:
        typer.echo(f"what was damaged is kept in {root / 'quarantine'}")
    if not verdict.good:
        typer.echo("run the sweep again: it makes them again, and nothing else")
        raise typer.Exit(SOME_DAMAGED)


@command(app)
def models() -> None:
    """List the models that have a name here."""
    from ..spec.catalog import CATALOG

    head = ("model", "family", "size", "steps", "guidance", "where its files are")
    rows = [_model_row(entry) for entry in CATALOG.values()]
    typer.echo(text_table(rows, head, numbers=(3, 4)))
    typer.echo("Any diffusers folder or hub id (owner/name) works too.")


def _model_row(entry: Entry) -> tuple[str, ...]:
    """What `dwlab models` says of a model: its defaults, and where its files are."""
    if entry.random:
        where = "random weights, for benchmarks"
    else:
        where = "in dwlab" if entry.local else entry.source
    size = f"{entry.width}x{entry.height}"
    return entry.name, entry.family, size, str(entry.steps), f"{entry.guidance:g}", where


@command(app)
def pull(
    model: Annotated[str, typer.Argument(help="Catalog name or hub id (owner/name).")],
) -> None:
    """Download a model, or what an interrupted download lacks of it, so that it is there when it is needed."""
    from ..models.identity import identify

    typer.echo(f"{model} is in {identify(model).folder}")


@command(app)
def doctor(
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    results: ResultsOption = None,
) -> None:
    """Show devices, versions, memory and disk, and what to do about what is missing."""
    from . import doctor as check

    report = check.examine(results)
    typer.echo(check.as_json(report) if json_output else check.as_text(report))


command(app)(serve.serve)


def _assignments(pairs: list[str]) -> dict[str, Any]:
    """`NAME=VALUE` pairs as a map; values are YAML."""
    from ..spec import experiment_file

    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not all(part.isidentifier() for part in name.split(".")):
            raise InvalidInput("--set", pair, "NAME=VALUE, where NAME is a parameter or an axis")
        found[name] = experiment_file.value(name, value, f"--set {name}")
    return found


def main() -> None:
    """The console script."""
    app()
