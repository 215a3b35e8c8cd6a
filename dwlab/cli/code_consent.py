"""Asks once whether code that an experiment names may run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from .._util.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..runs.code_trust import Naming


def has_terminal() -> bool:
    """Whether somebody can read a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(cells: Sequence[Naming], *, trust: bool) -> None:
    """Ask on a terminal whether code may run that was not agreed to before.

    trust: the person said so with an option. Raises InvalidInput where there is nobody to ask, and
    if the answer is no.
    """
    from ..runs import code_trust

    if trust:
        code_trust.trust(cells)
    others = code_trust.not_trusted(cells)
    if others and has_terminal():
        for method in others:
            typer.echo(
                f"the experiment names code: {one_line(method.file)}:{method.name} "
                f"({method.code[:10]})",
                err=True,
            )
        answer = typer.prompt(
            "Code can do whatever you can do. Run it? y: yes, this code; a: always, all code of its "
            "folder; n: no",
            default="n",
            err=True,
        )
        if answer.strip().lower() in ("y", "yes", "a", "always"):
            code_trust.trust(cells, folders=answer.strip().lower().startswith("a"))
    code_trust.check(cells)
