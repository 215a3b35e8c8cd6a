"""A plan as the page of the sweep panel shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._util.counted import counted
from ..._util.durations import rough_duration
from ...runs.plan import disk_text

if TYPE_CHECKING:
    from ...runs.plan import Plan

PLANNING = "planning"
READY = "ready"
WRONG = "wrong"


def counting(cells: int) -> dict[str, object]:
    """The page's plan while the estimate is made."""
    return {
        "state": PLANNING,
        "count": counted(cells, "picture"),
        "facts": [["time", "estimating …"]],
    }


def plan_for_page(plan: Plan) -> dict[str, object]:
    """The trait `plan`: a count, facts as pairs of a label and a text, warnings and hints."""
    facts = [["done", f"{plan.done:,}"], ["to do", _todo_text(plan)]]
    if plan.todo:
        facts += [["time", _time_text(plan)], ["disk", disk_text(plan.bytes)]]
    skipped = plan.combinations - plan.cells
    if skipped:
        facts.append(["left out", f"{skipped:,} combinations, skipped or repeated"])
    if plan.shared:
        facts.append(["shared", plan.shared])
    return {
        "state": READY,
        "count": counted(plan.cells, "picture"),
        "facts": facts,
        "warnings": list(plan.warnings),
        "hints": [*plan.hints, *plan.memory, *plan.defaults],
    }


def _todo_text(plan: Plan) -> str:
    again = f", {plan.failed:,} failed before and tried again" if plan.failed else ""
    return f"{plan.todo:,}{again}"


def _time_text(plan: Plan) -> str:
    if plan.seconds is None:
        return f"not known ({plan.basis})"
    duration = "under 1 s" if plan.seconds < 1 else f"about {rough_duration(plan.seconds)}"
    workers = f" with {plan.workers:,} workers" if plan.workers > 1 else ""
    return f"{duration}{workers} ({plan.basis})"
