"""`dwlab rate`: blind votes on pairs of a sweep's pictures, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import MissingExtra
from .command import ResultsOption  # noqa: TC001  # typer reads the annotations
from .completion import NameArgument  # noqa: TC001  # typer reads the annotations
from .selection_options import WhereOption  # noqa: TC001  # typer reads the annotations
from .tables import show_table

if TYPE_CHECKING:
    from pathlib import Path

    from ..analysis.bradley_terry import Preference
    from ..analysis.selection import Conditions

HEAD = ("setting", "preferred", "95% interval", "votes", "won", "tied", "")


def rate(
    name: NameArgument,
    show: Annotated[
        bool, typer.Option("--show", help="Print what the votes say, and open no page.")
    ] = False,
    where: WhereOption = None,
    rater: Annotated[
        str | None,
        typer.Option(help="Whose votes they are (default: the user's name).", metavar="NAME"),
    ] = None,
    port: Annotated[
        int, typer.Option(help="Port of the page; 0 chooses a free one.", min=0, max=65535)
    ] = 0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
    ] = True,
    results: ResultsOption = None,
) -> None:
    """Vote on pairs of an experiment's pictures, without knowing how they were made.

    A page on this machine shows two pictures of the same prompt and seed. Left and right arrow: that
    one is better; up or t: equal; s: skip; z: undo.

    Examples:
        dwlab rate good-enough
        dwlab rate good-enough --where guidance=3 --rater ada
        dwlab rate good-enough --show
    """
    from ..paths import results_folder
    from ..rating.raters import usual_rater

    root = results_folder(results)
    if show:
        _show(root, name, where or ())
        return
    try:
        from ..server.rating.serve import serve_rating
    except ImportError as error:
        raise MissingExtra(f"dwlab rate ({error.name} is missing)", "serve") from error
    serve_rating(
        root, name, rater=rater or usual_rater(), where=where or (), port=port, browser=browser
    )


def _show(root: Path, name: str, where: Conditions) -> None:
    """Print what the votes say."""
    from ..analysis.results import Results

    rating = Results(root).rating(name, where=where)
    typer.echo(f"{rating.sentence}\n")
    show_table(map(_row, rating.preferences), HEAD, numbers=(1, 2, 3, 4, 5))
    typer.echo("\n" + "\n".join(rating.lines))


def _row(preference: Preference) -> tuple[str, ...]:
    interval = f"[{100 * preference.share_low:.0f}, {100 * preference.share_high:.0f}]"
    return (
        preference.setting,
        f"{preference.share:.0%}",
        interval,
        f"{preference.votes:,}",
        f"{preference.wins:,}",
        f"{preference.ties:,}",
        "behind the first" if preference.told else "",
    )
