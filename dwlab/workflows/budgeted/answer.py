"""What a search found, in words."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ..._util.counted import counted
from ..._util.durations import rough_duration
from ...analysis.statistics_text import number_text
from ...runs.search_answer import SearchAnswer, hash_of
from ...spec.budget import Unit
from ...spec.search_request import ROWS
from .grid import setting_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...searching.searching import Search
    from .grid import SearchGrid
    from .prepared import Prepared
    from .tried import TriedSettings

STOPPED = "The search was stopped; the same command continues it. So far:"
FRONT = 10  # settings of a front that are named
NOISE = 1e-9  # sums of the same numbers in another order differ by less


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
        sentence = f"{STOPPED} {sentence}"
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


def open_answer(
    search: Search, tried: TriedSettings, plan: Prepared, *, is_over: bool
) -> SearchAnswer:
    """The same for settings that are no grid, and the front of several objectives."""
    # between values there is always more to try
    verdict = replace(search.verdict(), is_cut_short=True)
    setting = {} if verdict.chosen is None else tried.settings[verdict.chosen]
    sentence = verdict.sentence(setting_text(setting), plan.metric.name)
    if not is_over:
        sentence = f"{STOPPED} {sentence}"
    spent = search.spent
    made = (
        f"Search (optuna): {counted(spent.pictures, 'picture')} of {len(tried.settings):,} settings made with "
        f"{round(spent.rows):,} denoiser rows"
    )
    return SearchAnswer(
        sentence=sentence,
        method=plan.method,
        metric=plan.metric.name,
        margin=verdict.margin,
        is_shown=verdict.is_shown,
        setting=setting,
        spent=_with_rest(made, search),
        pictures=spent.pictures,
        rows=round(spent.rows),
        front=_front_texts(search, tried, plan),
        of=hash_of(plan.spec) if is_over else "",
    )


def _front_texts(search: Search, tried: TriedSettings, plan: Prepared) -> tuple[str, ...]:
    """The settings that no cheaper one equals, if both quality and price are looked for."""
    if ROWS not in plan.request.objectives:
        return ()
    columns = search.problem.search_columns
    means = search.problem.sign * search.scores.values[:, list(columns)].mean(axis=1)
    front = pareto_front(tried.prices, search.problem.sign * means)
    texts = [
        f"{setting_text(tried.settings[at])} ({number_text(float(means[at]))}, {tried.prices[at]:,.0f} rows)"
        for at in front[:FRONT]
    ]
    more = f"; and {len(front) - FRONT} more" if len(front) > FRONT else ""
    front_text = (
        f"Pareto front, from cheap to good (mean {plan.metric.name} over {len(columns)} pictures that the "
        f"search used, denoiser rows): {'; '.join(texts)}{more}."
    )
    return (front_text,)


def pareto_front(prices: Sequence[float], values: Sequence[float]) -> list[int]:
    """The positions of those that none of the same or a lower price equals, the cheapest first.

    values: higher is better; NaN is left out.
    """
    best = -math.inf
    front = []
    order = sorted(range(len(prices)), key=lambda at: (prices[at], -values[at]))
    for at in order:
        if values[at] > best + NOISE:
            front.append(at)
            best = values[at]
    return front


def _spent_text(search: Search, grid: SearchGrid, method: str) -> str:
    """What the search cost, beside the full grid."""
    spent = search.spent
    share = spent.rows / grid.rows
    made = (
        f"Search ({method}): {counted(spent.pictures, 'picture')} made with {round(spent.rows):,} denoiser rows, "
        f"{share:.1%} of the {grid.rows:,} rows of all {len(grid.cells):,} pictures"
    )
    return _with_rest(made, search)


def _with_rest(made: str, search: Search) -> str:
    spent = search.spent
    parts = [made]
    if spent.seconds:
        parts.append(f"{rough_duration(spent.seconds)} on the device")
    free = search.scores.pictures - spent.pictures
    if free:
        were = "was" if free == 1 else "were"
        parts.append(f"{counted(free, 'picture')} {were} there before and cost nothing")
    if search.budget is not None:
        parts.append(f"the budget was {search.budget}{_of_device(search.budget.unit)}")
    return f"{'; '.join(parts)}."


def _of_device(unit: Unit) -> str:
    return " on the device" if unit is Unit.SECONDS else ""
