"""What all commands share: -v, common options, and errors as one line without a traceback."""

from __future__ import annotations

import functools
import inspect
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from .._util.ctrl_c import no_ctrl_c_is_lost
from .._util.exit_codes import INTERRUPTED
from ..errors import DwlabError, first_line
from ..models.quiet import quiet_libraries
from .help import FULL_WIDTH, HelpCommand, HelpGroup, examples_in, without_examples
from .plain_options import in_plain_words

if TYPE_CHECKING:
    from collections.abc import Callable

COMPUTING = "How to compute"  # a group of options

ResultsOption = Annotated[
    Path | None,
    typer.Option(
        "--results",
        metavar="FOLDER",
        help="Results folder (default: DWLAB_RESULTS, else the project's results/).",
    ),
]
DeviceOption = Annotated[
    str,
    typer.Option(
        metavar="DEVICE", help="auto, cpu, mps, cuda or cuda:N.", rich_help_panel=COMPUTING
    ),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="fast: what `dwlab bench tune` found on this machine (default: stock settings).",
        rich_help_panel=COMPUTING,
    ),
]
MemoryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--memory",
        metavar="NAME",
        help="Save memory: auto, none, or a measure like model-offload, also several with commas "
        "(docs/memory.md).",
        rich_help_panel=COMPUTING,
    ),
]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Show logs.")]


def new_app(text: str, *, completion: bool = False) -> typer.Typer:
    """A group of commands. text: its help, which may end with examples.

    completion: whether it has options that teach a shell to complete its words.
    """
    return typer.Typer(
        cls=HelpGroup,
        help=without_examples(text),
        epilog=examples_in(text),
        no_args_is_help=True,
        add_completion=completion,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"max_content_width": FULL_WIDTH},
    )


def command(
    app: typer.Typer, name: str | None = None, *, group: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a command of `app`, with -v, and with errors as one line.

    name: of the command (default: the function's). group: the heading that it stands under in the
    help of `app`. Its own help is its docstring, of which the examples stand in a section.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        text = function.__doc__ or ""
        options = app.command(
            name,
            cls=HelpCommand,
            help=without_examples(text),
            epilog=examples_in(text),
            rich_help_panel=group,
        )
        options(_guarded(function))
        return function

    return register


def default_command(app: typer.Typer) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function what a group of commands does if none of them is named."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        app.info.no_args_is_help = False
        text = function.__doc__ or ""
        options = app.callback(
            invoke_without_command=True,
            cls=HelpGroup,
            help=without_examples(text),
            epilog=examples_in(text),
            context_settings={"max_content_width": FULL_WIDTH},
        )
        options(_guarded(function))
        return function

    return register


def _guarded(function: Callable[..., None]) -> Callable[..., None]:
    """A function with -v, and with errors as one line; not called if a command of its group is."""

    @functools.wraps(function)
    def guarded(context: typer.Context, verbose: bool, **options: Any) -> None:
        context.obj = verbose or bool(context.obj)
        if context.invoked_subcommand is None:
            _show_logs(context.obj)
            _call(function, options)

    # typer reads both, and would evaluate the strings of the annotations again
    signature = _with_verbose(function)
    guarded.__signature__ = signature  # type: ignore[attr-defined]
    guarded.__annotations__ = {
        name: parameter.annotation for name, parameter in signature.parameters.items()
    }
    return guarded


def _call(function: Callable[..., None], options: dict[str, Any]) -> None:
    try:
        with no_ctrl_c_is_lost():
            function(**options)
    except DwlabError as error:
        _leave(str(error), error.exit_code)
    except KeyboardInterrupt:
        _leave("interrupted; finished work is saved, run the same command to continue", INTERRUPTED)
    except ImportError as error:
        # a module of dwlab that is missing is a fault of dwlab
        if (error.name or "").startswith("dwlab"):
            raise
        reason = first_line(error).rstrip(".")
        _leave(
            f"{reason}; dwlab needs this library: install it with pip install --upgrade dwlab", 1
        )
    # the reader of our output has seen enough
    except BrokenPipeError:
        raise
    except OSError as error:
        _leave(f"{error}; check the path, free space and permissions", 1)


def _with_verbose(function: Callable[..., None]) -> inspect.Signature:
    """A function's signature with the context and -v added."""
    signature = inspect.signature(function, eval_str=True)
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    verbose = inspect.Parameter(
        "verbose", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=VerboseOption
    )
    complete = signature.replace(parameters=[*signature.parameters.values(), context, verbose])
    return in_plain_words(complete)


def _show_logs(verbose: bool) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR,
        format="%(levelname)s %(name)s: %(message)s",
    )
    if not verbose:
        # libraries' notices to developers
        warnings.simplefilter("ignore")
        quiet_libraries()


def _leave(text: str, code: int) -> NoReturn:
    typer.echo(f"dwlab: {text}", err=True)
    raise typer.Exit(code)
