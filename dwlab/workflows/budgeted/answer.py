"""What a search found, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._util.durations import rough_duration
from ...runs.search_answer import SearchAnswer
from ...spec.budget import Unit

if TYPE_CHECKING:
    from ...searching.searching import Search
    from .grid import SearchGrid


def answer_of(
    search: Search,
    grid: SearchGrid,
    metric: str,
    method: str,
    *,
    is_over: bool,
) -> SearchAnswer:
    """The verdict of a search, and what it spent. is_over: whether it was not stopped before."""
    verdict = search.verdict()
    setting = "" if verdict.chosen is None else grid.setting_text(verdict.chosen)
    sentence = verdict.sentence(setting, metric)
    if not is_over:
        sentence = f"The search was stopped; the same command continues it. So far: {sentence}"
    return SearchAnswer(
        sentence=sentence,
        method=method,
        metric=metric,
        margin=verdict.margin,
        is_shown=verdict.is_shown,
        setting={} if verdict.chosen is None else grid.settings[verdict.chosen],
        spent=_spent_text(search, grid, method),
        pictures=search.spent.pictures,
        rows=round(search.spent.rows),
    )


def _spent_text(search: Search, grid: SearchGrid, method: str) -> str:
    """What the search cost, beside the full grid."""
    spent = search.spent
    share = spent.rows / grid.rows
    made = (
        f"Search ({method}): {_pictures(spent.pictures)} made with {round(spent.rows):,} denoiser rows, "
        f"{share:.1%} of the {grid.rows:,} rows of all {len(grid.cells):,} pictures"
    )
    parts = [made]
    if spent.seconds:
        parts.append(f"{rough_duration(spent.seconds)} on the device")
    free = search.scores.pictures - spent.pictures
    if free:
        were = "was" if free == 1 else "were"
        parts.append(f"{_pictures(free)} {were} there before and cost nothing")
    if search.budget is not None:
        parts.append(f"the budget was {search.budget}{_of_device(search.budget.unit)}")
    return f"{'; '.join(parts)}."


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


def _of_device(unit: Unit) -> str:
    return " on the device" if unit is Unit.SECONDS else ""
