"""`dwlab doctor`: what is wrong on this machine, what to do about it, and what it can do."""

from __future__ import annotations

import json
import shutil
import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .command import ResultsOption  # noqa: TC001  # typer reads the annotations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..workflows.examination import Examination, Finding

WIDTH = 120  # columns, if there is no terminal
# what people read for the names of facts
NAMES = {
    "versions": "packages",
    "device": "used by default",
    "memory_gb": "memory",
    "memory_free_gb": "free memory",
    "disk_free_gb": "free on its disk",
    "shapes": "embedded model",
}


def doctor(
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    results: ResultsOption = None,
) -> None:
    """Say what is wrong on this machine and what to do about it, and show what it can do.

    Examples:
        dwlab doctor
        dwlab doctor --json
    """
    from ..workflows.examination import examine

    examination = examine(results)
    typer.echo(_as_json(examination) if json_output else _as_text(examination))


def _as_json(examination: Examination) -> str:
    """The facts, and what was found. advice: all of it in single sentences."""
    document = {
        **examination.facts,
        "faults": [_plain(fault) for fault in examination.faults],
        "hints": [_plain(hint) for hint in examination.hints],
        "advice": [str(finding) for finding in examination.findings],
    }
    return json.dumps(document, indent=1)


def _plain(finding: Finding) -> dict[str, str]:
    return {"text": finding.text, "remedy": finding.remedy}


def _as_text(examination: Examination) -> str:
    faults = examination.faults
    lines = [_verdict(len(faults)), *_listed(faults), ""]
    if examination.hints:
        lines += ["Could be better:", *_listed(examination.hints), ""]
    return "\n".join([*lines, *_facts(examination.facts)])


def _facts(facts: Mapping[str, Any]) -> Iterator[str]:
    """What the machine has, folded to the width of the terminal."""
    labels = {name: f"{NAMES.get(name, name)}:" for name in facts}
    column = max(map(len, labels.values())) + 2
    width = shutil.get_terminal_size(fallback=(WIDTH, 24)).columns
    for name, value in facts.items():
        yield textwrap.fill(
            _shown(name, value),
            width,
            initial_indent=labels[name].ljust(column),
            subsequent_indent=" " * column,
            break_on_hyphens=False,
        )


def _verdict(faults: int) -> str:
    if not faults:
        return "Nothing is wrong: dwlab can run here."
    return "One thing is wrong:" if faults == 1 else f"{faults} things are wrong:"


def _listed(findings: Sequence[Finding]) -> list[str]:
    """Each finding, with what to do in a line of its own."""
    lines = []
    for finding in findings:
        lines += [f"  - {finding.text}", f"    what to do: {finding.remedy}"]
    return lines


def _shown(name: str, value: Any) -> str:
    if isinstance(value, dict):
        separator = "; " if name == "extras" else ", "
        return separator.join(f"{part} {text or 'missing'}" for part, text in value.items())
    if isinstance(value, bool):
        return "here" if value else "missing"
    if name.endswith("_gb"):
        return f"{value} GB"
    return ", ".join(value) if isinstance(value, list) else str(value)
