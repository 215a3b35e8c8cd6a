"""The charts of an answer: heat maps, and quality against cost."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..analysis.heat_maps import heat_maps
from .frontier_chart import frontier_plot
from .heat_chart import heat_map_plot

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from ..analysis.ranking import Ranking
    from .charts import Chart


@dataclass(frozen=True)
class AnswerChart:
    """A chart that is drawn by `draw(dark=...)`. title: also what a screen reader says."""

    title: str
    draw: Callable[..., Chart]


def answer_charts(table: pd.DataFrame, ranking: Ranking) -> list[AnswerChart]:
    """The charts of a ranking of this table."""
    maps = heat_maps(table, ranking.metric, ranking)
    axes = " and ".join(name for name in (maps.row_axis, maps.column_axis) if name)
    title = f"{ranking.metric} by {axes}"
    if maps.third:
        title += f", one map per {maps.third}"
    return [
        AnswerChart(title, functools.partial(heat_map_plot, maps)),
        AnswerChart(
            f"{ranking.metric} against cost, with the frontier",
            functools.partial(frontier_plot, ranking),
        ),
    ]
