"""`dwlab sweep`: compute what an experiment lacks, and write its files."""

from __future__ import annotations

import textwrap
from pathlib import Path  # noqa: TC003  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._util.exit_codes import SOME_FAILED, SOME_NAN
from .._util.text_table import text_table
from ..errors import InvalidInput
from ..spec.compute import METHOD_TIMEOUT, Compute
from ..spec.memory import parse as parse_memory
from ..spec.sweep import LIMIT
from ..spec.where import LOCAL
from .command import (
    COMPUTING,
    DeviceOption,
    MemoryOption,
    ProfileOption,
    ResultsOption,
)
from .where_options import DashboardOption, SlurmOption, WhereOption, place_of

if TYPE_CHECKING:
    from ..runs.outcome import Outcome

WHAT = "What to compute"  # a group of options
ANSWER = "answer"  # its name in the record of what was made


def sweep(
    experiment: Annotated[
        Path, typer.Argument(metavar="FILE", help="The experiment, a YAML file.")
    ],
    results: ResultsOption = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Show counts and estimates without computing.", rich_help_panel=WHAT
        ),
    ] = False,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Replace an axis or a base value, like steps=4 or steps=4,8,20; the value is YAML.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Compute no more than this, on cells that a search chooses: 30min, 2000rows, "
            "500pictures.",
            metavar="AMOUNT",
            rich_help_panel=WHAT,
        ),
    ] = None,
    limit: Annotated[
        int,
        typer.Option(
            min=1,
            help="Refuse experiments with more cells than this.",
            metavar="CELLS",
            rich_help_panel=WHAT,
        ),
    ] = LIMIT,
    pack: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Pictures that share a forward (default: as many as the device gains from).",
            metavar="PICTURES",
            rich_help_panel=COMPUTING,
        ),
    ] = None,
    exact: Annotated[
        int | None,
        typer.Option(
            metavar="ROWS",
            help="Make every picture bit-for-bit the same whatever runs beside it: each forward "
            "has exactly ROWS rows (16 is good on a CPU).",
            rich_help_panel=COMPUTING,
        ),
    ] = None,
    device: DeviceOption = "auto",
    profile: ProfileOption = None,
    memory: MemoryOption = None,
    where: WhereOption = LOCAL,
    slurm: SlurmOption = None,
    dashboard: DashboardOption = False,
    trust_code: Annotated[
        bool,
        typer.Option(
            "--trust-code",
            help="Run the code that the experiment names, now and later, without asking.",
        ),
    ] = False,
    method_timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="The time that the own code of a method may take per picture."
        ),
    ] = METHOD_TIMEOUT,
    fill_traces: Annotated[
        bool,
        typer.Option(
            "--fill-traces",
            help="Make finished pictures again that lack traces of the experiment's probes, and keep "
            "these traces; the pictures stay.",
            rich_help_panel=WHAT,
        ),
    ] = False,
    notebook: Annotated[bool, typer.Option(help="Also run the notebook over the results.")] = True,
) -> None:
    """Compute what an experiment lacks, then write its table, grid, report and notebook.

    Examples:
        dwlab sweep experiments/quickstart.yaml --dry-run
        dwlab sweep experiments/quickstart.yaml
        dwlab sweep experiments/quickstart.yaml --set steps=4,8 --set model=sd15
        dwlab sweep experiments/quickstart.yaml --where cuda:*
    """
    from ..runs.sweep import Sweep

    changes = _assignments(overrides or [])
    if budget is not None:
        changes["budget"] = budget
    spec = Sweep.from_yaml(experiment).override(changes)
    place = place_of(where, slurm)
    if dry_run:
        plan = spec.plan(
            results,
            device=device,
            profile=profile,
            exact=exact,
            memory=memory,
            where=place,
            limit=limit,
        )
        typer.echo(plan)
        return
    from ..notebook.sweep_notebook import executed_sweep_notebook
    from ..workflows.sweep import execute
    from .code_consent import ask

    params = [cell.params for cell in spec.cells(limit=limit)]
    ask([*params, *spec.own_metrics], trust=trust_code)
    compute = Compute(
        device=device,
        profile=profile,
        pack=pack,
        exact=exact,
        memory=parse_memory(memory),
        method_timeout=method_timeout,
        where=place,
        dashboard=dashboard,
    )
    outcome, written = execute(
        spec, results=results, compute=compute, limit=limit, fill_traces=fill_traces
    )
    try:
        if notebook:
            written["notebook"] = executed_sweep_notebook(outcome.root, outcome.name)
    # a notebook that fails does not affect what was computed
    finally:
        typer.echo(_summary(outcome, written))
        typer.echo(_answer(outcome), nl=False)
    if outcome.failed:
        raise typer.Exit(SOME_FAILED)
    if outcome.nan:
        raise typer.Exit(SOME_NAN)


def _assignments(pairs: list[str]) -> dict[str, Any]:
    """`NAME=VALUE` pairs as a map."""
    from ..spec.typed_values import typed_value

    values = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        is_name = all(part.isidentifier() for part in name.split("."))
        if not equals or not is_name:
            raise InvalidInput("--set", pair, "NAME=VALUE, where NAME is a parameter or an axis")
        values[name] = typed_value(name, text, f"--set {name}")
    return values


def _answer(outcome: Outcome) -> str:
    """What the pictures say of settings; empty if no metric ranks them.

    It is a sentence, and what a search found and spent if one chose the pictures.
    """
    from ..paths import experiment_folder
    from ..workflows.made_from import FILES, MadeFrom

    record = MadeFrom(experiment_folder(outcome.root, outcome.name))
    source = record.source(FILES["report"])
    kept = None if source is None else record.text(ANSWER, source)
    if kept is not None:
        return kept
    text = _fresh_answer(outcome)
    if source is not None:
        record.keep_text(ANSWER, text, source)
    return text


def _fresh_answer(outcome: Outcome) -> str:
    # here, because pandas takes a moment to import
    from .._util.terminal_text import one_line
    from ..analysis.quality import quality_of
    from ..runs.results import Results
    from ..views.report.answer import answer, search_of

    table = Results(outcome.root).table(outcome.name)
    found = search_of(table)
    if found:
        return "".join(f"{one_line(text)}\n" for text in found.sentences)
    words = answer(table, quality_of(table))
    return f"{one_line(words.sentence)}\n" if words else ""


def _summary(outcome: Outcome, written: dict[str, Path]) -> str:
    """What was computed, and the files that were written."""
    counts = (
        f"{outcome.name}: {outcome.total} pictures, {outcome.made} made now, "
        f"{outcome.reused} already there"
    )
    if outcome.failed:
        counts += (
            f", {outcome.failed} failed (the table has the errors; run the same command to try "
            "them again)"
        )
    rows = []
    if outcome.warning:
        rows.append(("warning", outcome.warning))
    rows += [("note", note) for note in outcome.notes]
    if outcome.is_unchanged:
        rows.append(("note", "nothing changed since the files below were made"))
    rows += [(kind, str(path)) for kind, path in written.items()]
    return f"{counts}\n{textwrap.indent(text_table(rows), '  ')}"
