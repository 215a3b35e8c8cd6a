"""The `dwlab` command: it parses, calls and prints. Each command has a file of its name."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import __version__
from . import bench, models
from .animate import animate
from .answer import answer
from .command import VerboseOption, command, new_app
from .convert import convert
from .doctor import doctor
from .export import export, import_export
from .gc import gc
from .generate import generate
from .list import list_experiments
from .metrics import metrics
from .models_check import check
from .plot import plot
from .rate import rate
from .report import open_report, report
from .rerun import rerun
from .rm import rm
from .serve import serve
from .sheet import sheet
from .show import show
from .sweep import sweep
from .table import table
from .verify import verify
from .view import view
from .why import why

app = new_app("A lab bench for diffusion models: explore, sweep, compare.")


def _show_version(is_requested: bool) -> None:
    if is_requested:
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


for _function in (
    generate,
    sweep,
    table,
    show,
    answer,
    plot,
    sheet,
    animate,
    report,
    view,
    metrics,
    verify,
    rerun,
    export,
    rate,
    rm,
    gc,
    models.pull,
    convert,
    doctor,
    serve,
    why,
):
    command(app)(_function)
command(app, "list")(list_experiments)
command(app, "import")(import_export)
command(app, "open")(open_report)
command(models.app)(check)
app.add_typer(models.app, name="models")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command."""
    app()
