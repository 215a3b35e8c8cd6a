"""The `dwlab` command: it parses, calls and prints. Each command has a file of its name."""

from __future__ import annotations

import sys
from gc import disable
from typing import TYPE_CHECKING, Annotated

import typer

from .. import __version__
from .._util.quick_exit import quick_exit
from . import bench, bench_gpu, bench_quality, models  # noqa: F401  # commands of bench
from .animate import animate
from .answer import answer
from .command import VerboseOption, command, new_app
from .convert import convert
from .doctor import doctor
from .export import export, import_export
from .first_steps import first_steps
from .gc import gc
from .generate import generate
from .init import init
from .list import list_experiments
from .metrics import metrics
from .models_check import check
from .new import new
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
from .worker import scheduler, worker

if TYPE_CHECKING:
    from collections.abc import Callable

app = new_app(
    """A lab bench for diffusion models: explore, sweep, compare.

    `dwlab` alone says what to do first; `dwlab COMMAND --help` has examples of a command.
    """,
    completion=True,
)
app.info.no_args_is_help = False


def _show_version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"dwlab {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    verbose: VerboseOption = False,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Take the options that stand before a command; without one, say what to do first."""
    context.obj = verbose
    if context.invoked_subcommand is None:
        typer.echo(first_steps())


# the commands under their headings in `dwlab --help`
_GROUPS: dict[str, tuple[Callable[..., None], ...]] = {
    "Begin": (init, new),
    "Make pictures": (generate, sweep),
    "Look at results": (
        list_experiments,
        open_report,
        report,
        view,
        table,
        show,
        plot,
        sheet,
        animate,
    ),
    "Judge": (answer, metrics, rate, why),
    "Check, share and tidy up": (verify, rerun, export, import_export, rm, gc),
    "Models and this machine": (doctor, models.pull, convert, serve, worker, scheduler),
}
# commands whose functions cannot have their names
_NAMES = {list_experiments: "list", open_report: "open", import_export: "import"}
for _group, _functions in _GROUPS.items():
    for _function in _functions:
        command(app, _NAMES.get(_function), group=_group)(_function)
command(models.app)(check)
_LAST = next(reversed(_GROUPS))
app.add_typer(models.app, name="models", rich_help_panel=_LAST)
app.add_typer(bench.app, name="bench", rich_help_panel=_LAST)


def main() -> None:
    """Run the command."""
    # A single picture is mostly imports: hundreds of thousands of objects, hardly any garbage.
    if sys.argv[1:2] == ["generate"]:
        disable()
    with quick_exit():
        app()
