"""What every command of `dwlab` shares: -v, options of one meaning, and errors as one line without a traceback."""

from __future__ import annotations

import functools
import inspect
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from .._util.exit_codes import INTERRUPTED
from ..errors import DwlabError, first_line
from ..models.quiet import quiet_libraries

if TYPE_CHECKING:
    from collections.abc import Callable

ResultsOption = Annotated[
    Path | None,
    typer.Option(
        "--results", help="Results folder (default: DWLAB_RESULTS, else the project's results/)."
    ),
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, mps, cuda or cuda:N.")]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        help="fast: what `dwlab bench tune` found on this machine (default: stock settings)."
    ),
]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Show logs.")]


def new_app(text: str) -> typer.Typer:
    """A group of commands, with help that is plain text."""
    return typer.Typer(
        help=text,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def command(app: typer.Typer) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a command of `app` that takes -v too; what is meant for the user is one line, without a traceback."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def guarded(context: typer.Context, verbose: bool, **options: Any) -> None:
            _show_logs(verbose or bool(context.obj))
            try:
                function(**options)
            except DwlabError as error:
                _leave(str(error), error.exit_code)
            except KeyboardInterrupt:
                _leave(
                    "interrupted; what was finished is kept, the same command goes on", INTERRUPTED
                )
            except ImportError as error:
                if (error.name or "").startswith("dwlab"):  # our own fault
                    raise
                library = f"{first_line(error).rstrip('.')}; dwlab needs this library"
                _leave(f"{library}: install it with pip install --upgrade dwlab", 1)
            except BrokenPipeError:  # the reader of our output has seen enough
                raise
            except OSError as error:
                _leave(f"{error}; check the path, free space and permissions", 1)

        signature, given = (
            inspect.signature(function, eval_str=True),
            inspect.Parameter.KEYWORD_ONLY,
        )
        added = [
            inspect.Parameter("context", given, annotation=typer.Context),
            inspect.Parameter("verbose", given, default=False, annotation=VerboseOption),
        ]
        parameters = [*signature.parameters.values(), *added]
        guarded.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # typer reads it
        return app.command()(guarded)

    return register


def _show_logs(wanted: bool) -> None:
    logging.basicConfig(
        level=logging.INFO if wanted else logging.ERROR,
        format="%(levelname)s %(name)s: %(message)s",
    )
    if not wanted:
        warnings.simplefilter("ignore")  # the libraries' notices to developers
        quiet_libraries()


def _leave(text: str, code: int) -> NoReturn:
    typer.echo(f"dwlab: {text}", err=True)
    raise typer.Exit(code)
