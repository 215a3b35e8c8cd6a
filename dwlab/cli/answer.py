"""`dwlab answer`: which setting of a sweep is good enough, how sure that is, and its price."""

from __future__ import annotations

from typing import Annotated

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations
from .completion import NameArgument  # noqa: TC001  # typer reads the annotations
from .tables import show_table

WIDTH = 120  # columns, if there is no terminal


def answer(
    name: NameArgument,
    metric: Annotated[
        str | None,
        typer.Option(
            help="A column of the table (default: the one that the experiment names).",
            metavar="COLUMN",
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="How far behind the best is good enough (default: 0.03 of 0 to 1)."),
    ] = None,
    these_prompts: Annotated[
        bool,
        typer.Option(
            "--these-prompts", help="Ask about these prompts alone, not others like them."
        ),
    ] = False,
    results: ResultsOption = None,
) -> None:
    """Say which setting of an experiment is good enough, and rank all of them.

    Settings are compared in pairs of the same prompt and seed (docs/statistics.md).

    Examples:
        dwlab answer good-enough
        dwlab answer good-enough --margin 0.05 --these-prompts
    """
    import shutil

    from ..analysis.setting_grid import FIXED, SAMPLED
    from ..runs.results import Results
    from ..views import answer_text
    from ..views.report.answer import ask

    target = FIXED if these_prompts else SAMPLED
    words = ask(Results(results).table(name), metric, margin=margin, target=target)
    width = shutil.get_terminal_size(fallback=(WIDTH, 24)).columns
    typer.echo(f"{answer_text.sentences(words, width)}\n")
    show_table(answer_text.ranking(words, width), answer_text.HEAD, numbers=answer_text.NUMBERS)
    more = answer_text.left_out(words)
    if more:
        typer.echo(more)
