"""`dwlab new`: an experiment of one's own, from four questions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import DwlabError, InvalidInput
from .completion import model_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from ..workflows.new_experiment import Answers

    T = TypeVar("T")

LINES = "one per line, and an empty line after the last"
USUAL = "steps=4, 8, 20"  # what varies if nothing else is said


def new(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="The file to write (default: experiments/new.yaml, or new-2)."
        ),
    ] = None,
    prompts: Annotated[
        list[str] | None,
        typer.Option("--prompt", help="What pictures show; answers the first question."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="A catalog name, a folder, a file or a hub id; answers the second.",
            autocompletion=model_names,
        ),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUES", help="What varies, like steps=4,8,20; answers the third."
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Pictures of each setting; answers the fourth.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there.")
    ] = False,
) -> None:
    """Write a commented experiment by asking four questions.

    Options answer questions, and so can lines from a pipe.

    Examples:
        dwlab new
        dwlab new experiments/steps.yaml --prompt "a red circle" --vary steps=4,8,20
        dwlab new --model sd15 --prompt "a {colour} boat" --vary "colour=[red, blue]"
    """
    from ..workflows.new_experiment import Answers, write_experiment

    path = file or _free_path()
    if path.exists() and not force:
        raise InvalidInput("file", str(path), "a path where there is no file yet (or --force)")
    texts = tuple(prompts or _asked(_prompts))
    answers = Answers(texts, model or _asked(_model))
    answers = Answers(texts, answers.model, _varied(vary, answers))
    if "seed" not in answers.varied:
        count = seeds or _asked(_seeds)
        answers = Answers(texts, answers.model, answers.varied, count)
    spec = write_experiment(path, answers, replace=force)
    typer.echo(f"{path}: {len(spec.cells())} pictures")
    typer.echo(f"next: dwlab sweep {path} --dry-run")


def _free_path() -> Path:
    """experiments/new.yaml of the project, or the first of new-2, new-3 and so on that is free."""
    from ..paths import project_folder

    folder = project_folder() / "experiments"
    if folder.parent == Path.cwd():
        folder = Path("experiments")
    path = folder / "new.yaml"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"new-{number}.yaml"
    return path


def _asked(question: Callable[[], T]) -> T:
    """The answer to a question, which is asked again after a wrong one if a person answers."""
    while True:
        try:
            return question()
        except DwlabError as error:
            if not sys.stdin.isatty():
                raise
            typer.echo(f"  {error}")


def _prompts() -> list[str]:
    from ..spec.params import GenerationParams

    typer.echo(f"1. What should the pictures show? A prompt, or several: {LINES}.")
    prompts = _lines("a large red circle at the center")
    for prompt in prompts:
        GenerationParams(prompt)
    return prompts


def _model() -> str:
    from ..spec import catalog

    typer.echo("2. Which model? `shapes` comes with dwlab; `dwlab models` lists others.")
    model = _line("shapes")
    catalog.lookup(model)
    return model


def _varied(options: list[str] | None, answers: Answers) -> dict[str, object]:
    """The axes that options name, or that are asked for."""
    if options:
        return _axes(options, answers)

    def ask() -> dict[str, object]:
        typer.echo(f"3. What should vary? NAME=VALUES, like guidance=1, 3, 7.5: {LINES}.")
        return _axes(_lines(USUAL), answers)

    return _asked(ask)


def _axes(pairs: list[str], answers: Answers) -> dict[str, object]:
    """NAME=VALUES texts as axes; raises InvalidInput for one that the experiment cannot have."""
    from ..spec.names import own_name
    from ..spec.typed_values import typed_axis
    from ..workflows.new_experiment import Answers

    axes: dict[str, object] = {}
    for pair in pairs:
        name, equals, values = pair.partition("=")
        if not equals or not name.strip():
            raise InvalidInput("what varies", pair, "NAME=VALUES, like steps=4, 8, 20")
        name = own_name(name.strip())
        axes[name] = typed_axis(name, values.strip())
    Answers(answers.prompts, answers.model, axes).spec("new")
    return axes


def _seeds() -> int:
    typer.echo("4. How many pictures of each setting? Each has a seed of its own.")
    text = _line("2")
    if not text.isdecimal() or not int(text):
        raise InvalidInput("seeds", text, "a whole number of at least 1")
    return int(text)


def _lines(default: str) -> list[str]:
    """The lines up to an empty one; the default if the first is empty."""
    lines = [_line(default)]
    while lines[-1] and lines != [default]:
        lines.append(_line(""))
    return [line for line in lines if line]


def _line(default: str) -> str:
    """A line that a person types or a pipe has; the default if it is empty or there is none."""
    typer.echo(f"   [{default}] " if default else "   ", nl=False)
    line = sys.stdin.readline()
    # what was typed ends its line by itself
    if not sys.stdin.isatty():
        typer.echo(line.strip() or default)
    return line.strip() or default
